import * as errors from 'latchkey/errors'
import { describe, expectTypeOf, test } from 'vitest'

test('each list of codes is what the type of its codes is made of', () => {
  expectTypeOf<(typeof errors.STORE_CODES)[number]>().toEqualTypeOf<errors.StoreErrorCode>()
  expectTypeOf<(typeof errors.INPUT_CODES)[number]>().toEqualTypeOf<errors.InputErrorCode>()
  expectTypeOf<(typeof errors.TEMPLATE_CODES)[number]>().toEqualTypeOf<errors.TemplateErrorCode>()
  expectTypeOf<(typeof errors.WORKER_CODES)[number]>().toEqualTypeOf<errors.WorkerErrorCode>()
  expectTypeOf<(typeof errors.REGISTRATION_CODES)[number]>().toEqualTypeOf<errors.RegistrationErrorCode>()
  expectTypeOf<(typeof errors.ARGUMENT_CODES)[number]>().toEqualTypeOf<errors.ArgumentErrorCode>()
  expectTypeOf<(typeof errors.MISSING_SECRETS_CODES)[number]>().toEqualTypeOf<'MISSING_SECRETS'>()
  expectTypeOf<string>().not.toExtend<errors.LatchkeyErrorCode>()
  expectTypeOf<'CONFLICT' | 'INVALID_SECRET_VALUE' | 'MISSING_SECRETS'>().toExtend<errors.LatchkeyErrorCode>()
})

describe('each class', () => {
  test('is an error of the library', () => {
    expectTypeOf<errors.LatchkeyError>().toExtend<Error>()
    expectTypeOf<errors.LatchkeyError['code']>().toBeUnknown()
    expectTypeOf<errors.LatchkeyError['retryable']>().toEqualTypeOf<boolean>()
    expectTypeOf<errors.LatchkeyError['hint']>().toEqualTypeOf<string | undefined>()
    expectTypeOf(errors.MissingSecretsError).instance.toExtend<errors.LatchkeyError>()
    expectTypeOf(errors.InputError).instance.toExtend<errors.LatchkeyError>()
    expectTypeOf(errors.StoreError).instance.toExtend<errors.LatchkeyError>()
    expectTypeOf(errors.TemplateError).instance.toExtend<errors.LatchkeyError>()
    expectTypeOf(errors.WorkerError).instance.toExtend<errors.LatchkeyError>()
    expectTypeOf(errors.RegistrationError).instance.toExtend<errors.LatchkeyError>()
    expectTypeOf(errors.CallError).instance.toExtend<errors.LatchkeyError>()
  })

  test('is made of its code, a message and details', () => {
    type Made<Code, Details> = [code: Code, message: string, details?: Details]
    expectTypeOf(errors.StoreError).constructorParameters.toEqualTypeOf<
      Made<errors.StoreErrorCode, errors.StoreErrorDetails>
    >()
    expectTypeOf(errors.WorkerError).constructorParameters.toEqualTypeOf<
      Made<errors.WorkerErrorCode, errors.WorkerErrorDetails>
    >()
    expectTypeOf<errors.StoreErrorDetails>().toExtend<errors.ErrorDetails>()
    expectTypeOf<errors.WorkerErrorDetails>().toExtend<errors.ErrorDetails>()
    expectTypeOf(errors.CallError).constructorParameters.toEqualTypeOf<[failure: errors.CallFailure]>()
  })

  test('tells what it found', () => {
    expectTypeOf<errors.MissingSecretsError['missing']>().toEqualTypeOf<readonly errors.MissingSecret[]>()
    expectTypeOf<errors.InputError['findings']>().toEqualTypeOf<readonly errors.SchemaFinding[]>()
    expectTypeOf<errors.StoreError['findings']>().toEqualTypeOf<readonly errors.ValueFinding[] | undefined>()
    expectTypeOf<errors.RegistrationError['findings']>().toEqualTypeOf<readonly errors.SecretFinding[]>()
    expectTypeOf<errors.TemplateError['issues']>().toEqualTypeOf<readonly errors.TemplateIssue[]>()
    expectTypeOf<errors.SecretFinding>().toExtend<errors.ValueFinding>()
    expectTypeOf<errors.ValueFinding>().toExtend<errors.SchemaFinding>()
    expectTypeOf<errors.SchemaFinding['path']>().toEqualTypeOf<readonly (string | number)[]>()
  })
})

test('isLatchkeyError narrows, to a code if it is given one', () => {
  const narrowed = (error: unknown) => (errors.isLatchkeyError(error, 'CONFLICT') ? error : undefined)
  expectTypeOf(errors.isLatchkeyError).toBeCallableWith(new Error('x'))
  expectTypeOf(narrowed).returns.toEqualTypeOf<(errors.LatchkeyError & { code: 'CONFLICT' }) | undefined>()
  expectTypeOf(errors.argumentError).returns.toEqualTypeOf<TypeError & { code: errors.ArgumentErrorCode }>()
  // @ts-expect-error -- a code that there is not
  const misspelt = (error: unknown) => errors.isLatchkeyError(error, 'CONFLIKT')
  expectTypeOf(misspelt).toBeFunction()
})
