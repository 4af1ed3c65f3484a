import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import * as errors from '../src/errors.ts'

const { CallError, InputError, isLatchkeyError, LatchkeyError, MissingSecretsError } = errors
const { RegistrationError, StoreError, TemplateError, WorkerError } = errors

const COPY: string = '../src/errors.ts?copy'
/** A second copy of the module, as a process has it that loaded two copies of the library. */
const copy = (await import(COPY)) as typeof errors

const ISSUE = { code: 'SECRET_NOT_FOUND', pointer: '/a', start: 0, end: 9, message: 'no such secret' } as const

/** One of each class, with all that it can say. */
const EVERY = (from: typeof errors) => ({
  MissingSecretsError: new from.MissingSecretsError([{ function: 'f', scope: 'default', secret: 'a', key: 'B' }]),
  InputError: new from.InputError('INVALID_INPUT', 'message', { findings: [{ path: ['a', 0], code: 'too_small' }] }),
  StoreError: new from.StoreError('CONFLICT', 'message', {
    store: 'memory',
    scope: 'acme',
    secret: 'a',
    key: 'B',
    hint: 'do',
  }),
  TemplateError: new from.TemplateError([ISSUE]),
  WorkerError: new from.WorkerError('WORKER_CRASHED', 'message', { function: 'f', exitCode: 3, signal: 'SIGSEGV' }),
  RegistrationError: new from.RegistrationError('INVALID_SECRET_VALUE', 'message', {
    findings: [{ function: 'f', scope: 'default', secret: 'a', key: 'B', path: [] }],
  }),
})

describe.each(Object.entries(EVERY(errors)))('%s', (name, error) => {
  test('is an Error and a LatchkeyError, with its class name on the prototype, which no minifier changes', () => {
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(LatchkeyError)
    expect(error.name).toBe(name)
    expect(Object.hasOwn(error, 'name')).toBe(false)
    expect(Object.hasOwn(Object.getPrototypeOf(error) as object, 'name')).toBe(true)
    expect(String(error)).toBe(`${name}: ${error.message}`)
    expect(error.stack).toContain(`${name}: ${error.message}`)
  })

  test('has a JSON form with name, code, message and retryable', () => {
    const json = JSON.parse(JSON.stringify(error)) as unknown
    expect(json).toMatchObject({ name, code: error.code, message: error.message, retryable: false })
    expect(json).not.toHaveProperty('stack')
  })

  test('shows its name, code and message when inspected', () => {
    const shown = inspect(error)
    for (const part of [name, error.code, error.message.split('\n')[0] ?? '']) expect(shown).toContain(part)
  })

  test('is recognised, by itself and by its code, also by the other copy of the library', () => {
    for (const recognise of [isLatchkeyError, copy.isLatchkeyError]) {
      expect(recognise(error)).toBe(true)
      expect(recognise(error, error.code)).toBe(true)
      expect(recognise(error, 'FORKED')).toBe(false)
    }
  })
})

test('the two copies really are two, and each knows the errors of the other', () => {
  for (const [name, error] of Object.entries(EVERY(copy))) {
    expect(error).not.toBeInstanceOf(LatchkeyError)
    expect(error.name).toBe(name)
    expect(isLatchkeyError(error, error.code)).toBe(true)
  }
  const failed = new copy.CallError({ name: 'Error', message: 'm', code: 'CONFLICT' })
  expect(isLatchkeyError(failed)).toBe(true)
  expect(isLatchkeyError(failed, 'CONFLICT')).toBe(false)
})

test.each([
  undefined,
  null,
  'CONFLICT',
  1,
  new Error('m'),
  { code: 'CONFLICT' },
  Object.assign(new Error('m'), { code: 'CONFLICT' }),
])('%j is no error of the library', (error) => {
  expect(isLatchkeyError(error)).toBe(false)
  expect(isLatchkeyError(error, 'CONFLICT')).toBe(false)
})

describe('MissingSecretsError', () => {
  test('names every missing secret and key in its message, and freezes the list', () => {
    const error = new MissingSecretsError([
      { function: 'f', scope: 'default', secret: 'a' },
      { function: 'f', scope: 'acme/production', secret: 'b', key: 'C' },
    ])
    expect(error.message).toBe(
      '2 missing:\n  secret a (scope default), required by f\n  key C of secret b (scope acme/production), required by f',
    )
    expect(error.hint).toBeDefined()
    expect(error.toJSON()).toMatchObject({ code: 'MISSING_SECRETS', missing: error.missing })
    expect(Object.isFrozen(error.missing) && Object.isFrozen(error.missing[0])).toBe(true)
  })
})

describe('InputError', () => {
  test('carries the findings of a schema, none where no schema was asked', () => {
    expect(new InputError('NOT_CLONEABLE', 'm').toJSON()).toMatchObject({ code: 'NOT_CLONEABLE', findings: [] })
    expect(EVERY(errors).InputError.toJSON()).toMatchObject({ findings: [{ path: ['a', 0], code: 'too_small' }] })
  })
})

describe('StoreError', () => {
  test('says which store, scope, secret and key it is about, and leaves out what it does not know', () => {
    expect(EVERY(errors).StoreError.toJSON()).toMatchObject({
      store: 'memory',
      scope: 'acme',
      secret: 'a',
      key: 'B',
      hint: 'do',
    })
    expect(Object.keys(new StoreError('CLOSED', 'm', { store: 'memory', scope: undefined }).toJSON())).toEqual([
      'name',
      'code',
      'message',
      'retryable',
      'store',
    ])
  })

  test('may be tried again if the store was unavailable, and only then', () => {
    for (const code of errors.STORE_CODES) expect(new StoreError(code, 'm').retryable).toBe(code === 'UNAVAILABLE')
    expect(new StoreError('UNAVAILABLE', 'm', { retryable: false }).retryable).toBe(false)
  })

  test('keeps its cause out of the JSON form', () => {
    const cause = new Error('ENOENT')
    const error = new StoreError('UNAVAILABLE', 'm', { cause })
    expect(error.cause).toBe(cause)
    expect(JSON.stringify(error)).not.toContain('ENOENT')
  })
})

describe('TemplateError', () => {
  test('takes the code of its first issue and lists all', () => {
    const error = new TemplateError([ISSUE, { ...ISSUE, code: 'CYCLE', pointer: '' }])
    expect(error.code).toBe('SECRET_NOT_FOUND')
    expect(error.message).toBe(
      '2 issues in the template:\n  SECRET_NOT_FOUND at /a: no such secret\n  CYCLE at the top: no such secret',
    )
    expect(error.toJSON()).toMatchObject({ issues: [{ code: 'SECRET_NOT_FOUND' }, { code: 'CYCLE' }] })
  })
})

describe('WorkerError', () => {
  test('tells how the process ended', () => {
    expect(EVERY(errors).WorkerError.toJSON()).toMatchObject({ function: 'f', exitCode: 3, signal: 'SIGSEGV' })
  })

  test('may be tried again if the queue was full, and only then', () => {
    for (const code of errors.WORKER_CODES) expect(new WorkerError(code, 'm').retryable).toBe(code === 'QUEUE_FULL')
  })
})

describe('RegistrationError', () => {
  test('carries findings where values did not fit, and no such list otherwise', () => {
    expect(EVERY(errors).RegistrationError.toJSON()).toMatchObject({ findings: [{ secret: 'a', key: 'B', path: [] }] })
    expect(new RegistrationError('DUPLICATE_NAME', 'm').toJSON()).not.toHaveProperty('findings')
  })
})

describe('CallError', () => {
  const failed = new CallError({
    name: 'HttpError',
    message: 'not found',
    stack: 'HttpError: not found\n    at f (file:///a.js:1:1)',
    code: 'CONFLICT',
    cause: { status: 404 },
    errors: [1, 2],
    data: {
      status: 404,
      name: 'x',
      message: 'x',
      retryable: true,
      hint: 'x',
      toString: 'x',
      constructor: 'x',
      hasOwnProperty: 'x',
    },
  })

  test("carries the function's own name, message, stack, code, cause, errors and data", () => {
    expect(failed).toBeInstanceOf(Error)
    expect(failed).toMatchObject({
      name: 'HttpError',
      message: 'not found',
      code: 'CONFLICT',
      status: 404,
      cause: { status: 404 },
    })
    expect(failed.stack).toContain('a.js:1:1')
    expect(failed.errors).toEqual([1, 2])
    expect(failed.toJSON()).toMatchObject({ name: 'HttpError', code: 'CONFLICT', message: 'not found' })
    expect(inspect(failed)).toContain('CallError [HttpError]: not found')
  })

  test("does not let data take the place of an error's own parts", () => {
    expect(failed.retryable).toBe(false)
    expect(failed.hint).toBeUndefined()
    expect(String(failed)).toBe('HttpError: not found')
    expect(failed.constructor).toBe(CallError)
    const named = new CallError({ name: 'Error', message: 'm', data: { toJSON: 'x', toString: 'y', status: 500 } })
    expect(JSON.parse(JSON.stringify(named))).toMatchObject({ name: 'Error', message: 'm' })
    expect(named).toMatchObject({ status: 500 })
    const data = JSON.parse('{"__proto__":{"polluted":true}}') as Record<string, unknown>
    expect(new CallError({ name: 'Error', message: 'm', data })).not.toHaveProperty('polluted')
  })

  test("is the library's, but its code never is, whichever code it is", () => {
    expect(isLatchkeyError(failed)).toBe(true)
    for (const code of [...errors.STORE_CODES, ...errors.WORKER_CODES, ...errors.REGISTRATION_CODES]) {
      const thrown = new CallError({ name: 'StoreError', message: 'm', code })
      expect(isLatchkeyError(thrown, code)).toBe(false)
      expect(copy.isLatchkeyError(thrown, code)).toBe(false)
    }
  })

  test('has no code where the function threw none', () => {
    expect(new CallError({ name: 'Error', message: 'm' }).code).toBeUndefined()
  })
})

test('argumentError is a plain TypeError with a code, and no error of the library', () => {
  const error = errors.argumentError('UNKNOWN_OPTION', 'm')
  expect(error).toBeInstanceOf(TypeError)
  expect(error).toMatchObject({ name: 'TypeError', code: 'UNKNOWN_OPTION', message: 'm' })
  expect(isLatchkeyError(error)).toBe(false)
})
