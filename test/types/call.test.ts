import { defineSecret } from 'latchkey'
import { type CurrentCall, currentCall, type DefinedSecrets } from 'latchkey/call'
import { oneOf } from 'latchkey/schemas'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const gh = defineSecret('gh', { TOKEN: z.string(), MODE: oneOf(['test', 'live']) })
const dd = defineSecret('dd', { PORT: z.coerce.number(), KEY: z.string().brand<'Key'>() })

test('currentCall without a definition says nothing of names and keys', () => {
  type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>
  expectTypeOf(currentCall).toBeCallableWith()
  expectTypeOf<ReturnType<typeof currentCall<[]>>['secrets']>().toEqualTypeOf<Secrets>()
})

test('currentCall takes definitions', () => {
  const asked = () => currentCall(gh, dd).secrets
  expectTypeOf(asked).returns.toEqualTypeOf<DefinedSecrets<[typeof gh, typeof dd]>>()
})

test('currentCall with definitions gives what their schemas give, and a string where that is none', () => {
  type Call = ReturnType<typeof currentCall<[typeof gh, typeof dd]>>
  expectTypeOf<Call>().toEqualTypeOf<CurrentCall<DefinedSecrets<[typeof gh, typeof dd]>>>()
  expectTypeOf<Call['secrets']['gh']['TOKEN']>().toEqualTypeOf<string>()
  expectTypeOf<Call['secrets']['gh']['MODE']>().toEqualTypeOf<'test' | 'live'>()
  expectTypeOf<Call['secrets']['dd']['PORT']>().toEqualTypeOf<string>()
  expectTypeOf<Call['secrets']['dd']['KEY']>().toEqualTypeOf<string & z.core.$brand<'Key'>>()
  expectTypeOf<keyof Call['secrets']>().toEqualTypeOf<'gh' | 'dd'>()
  expectTypeOf<keyof Call['secrets']['gh']>().toEqualTypeOf<'TOKEN' | 'MODE'>()
})

test('a call tells its name, its scope, its partition and its signal', () => {
  expectTypeOf<CurrentCall['name']>().toEqualTypeOf<string>()
  expectTypeOf<CurrentCall['scope']>().toEqualTypeOf<string>()
  expectTypeOf<CurrentCall['partition']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<CurrentCall['signal']>().toEqualTypeOf<AbortSignal>()
})

test('currentCall refuses a name in place of a definition', () => {
  // @ts-expect-error -- a name has no types
  const named = () => currentCall('gh')
  expectTypeOf(named).toBeFunction()
})
