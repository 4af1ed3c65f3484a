import * as latchkey from 'latchkey'
import type * as errors from 'latchkey/errors'
import { oneOf } from 'latchkey/schemas'
import type * as template from 'latchkey/template'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const gh = latchkey.defineSecret('gh', { TOKEN: z.string().trim(), MODE: oneOf(['test', 'live']) })
type Gh = typeof gh

describe('a definition', () => {
  test('knows its name, its keys and their schemas', () => {
    type Keys = { readonly A: z.ZodString }
    expectTypeOf(latchkey.defineSecret<'a', Keys>).returns.toEqualTypeOf<latchkey.SecretDefinition<'a', Keys>>()
    expectTypeOf<Gh['name']>().toEqualTypeOf<'gh'>()
    expectTypeOf<keyof Gh['schemas']>().toEqualTypeOf<'TOKEN' | 'MODE'>()
    expectTypeOf<Gh>().toExtend<latchkey.SecretDefinition>()
    expectTypeOf<Gh['schemas']>().toExtend<latchkey.KeySchemas>()
  })

  test('takes a schema of any library, if it takes a string', () => {
    const own = { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) } } as const
    expectTypeOf(latchkey.defineSecret).toBeCallableWith('a', { A: own, B: z.coerce.number(), C: z.enum(['a', 'b']) })
    // @ts-expect-error -- no value is a number
    const numeric = () => latchkey.defineSecret('a', { A: z.number() })
    // @ts-expect-error -- no schema
    const none = () => latchkey.defineSecret('a', { A: String })
    expectTypeOf([numeric, none]).toBeArray()
  })

  test('types a value by what its schema gives or takes, where that is a string', () => {
    expectTypeOf<latchkey.KeyValue<Gh['schemas']['MODE']>>().toEqualTypeOf<'test' | 'live'>()
    expectTypeOf<latchkey.KeyInput<Gh['schemas']['MODE']>>().toEqualTypeOf<'test' | 'live'>()
    expectTypeOf<latchkey.KeyValue<z.ZodString>>().toEqualTypeOf<string>()
    expectTypeOf<latchkey.KeyValue<z.ZodAny>>().toEqualTypeOf<string>()
    expectTypeOf<latchkey.KeyInput<z.ZodAny>>().toEqualTypeOf<string>()
    expectTypeOf<latchkey.KeyValue<latchkey.StandardSchema>>().toEqualTypeOf<string>()
    expectTypeOf<latchkey.KeyValue<z.ZodOptional<z.ZodString>>>().toEqualTypeOf<string>()
    expectTypeOf<latchkey.KeyValue<z.ZodNever>>().toEqualTypeOf<string>()
    expectTypeOf<latchkey.StandardResult<'a'>>().toExtend<{ readonly issues?: readonly object[] | undefined }>()
  })
})

describe('a schema', () => {
  test('has an input and an output; unknown where its library does not say', () => {
    expectTypeOf<latchkey.SchemaInput<z.ZodDefault<z.ZodNumber>>>().toEqualTypeOf<number | undefined>()
    expectTypeOf<latchkey.SchemaOutput<z.ZodDefault<z.ZodNumber>>>().toEqualTypeOf<number>()
    expectTypeOf<latchkey.SchemaInput<{ '~standard': { version: 1 } }>>().toBeUnknown()
    expectTypeOf<latchkey.SchemaOutput<{ '~standard': { version: 1 } }>>().toBeUnknown()
  })
})

describe('a registry', () => {
  test('is made of options, and has these verbs', () => {
    expectTypeOf(latchkey.createRegistry).toEqualTypeOf<(options: latchkey.RegistryOptions) => latchkey.Registry>()
    expectTypeOf<latchkey.RegistryOptions['isolation']>().toEqualTypeOf<latchkey.Isolation | undefined>()
    expectTypeOf<latchkey.Isolation>().toEqualTypeOf<'warm' | 'call' | 'inline'>()
    expectTypeOf<latchkey.RegistryOptions['pool']>().toEqualTypeOf<latchkey.PoolOptions | undefined>()
    expectTypeOf<latchkey.RegistryOptions['onLog']>().toEqualTypeOf<
      false | ((line: latchkey.LogLine) => void) | undefined
    >()
    expectTypeOf<latchkey.RegistryOptions['permission']>().toEqualTypeOf<latchkey.PermissionOption | undefined>()
    expectTypeOf<latchkey.RegisterOptions['permission']>().toEqualTypeOf<latchkey.PermissionOption | undefined>()
    expectTypeOf<true | { net: false; read: string[] }>().toExtend<latchkey.PermissionOption>()
    expectTypeOf<latchkey.Registry['stats']>().returns.toEqualTypeOf<latchkey.SchedulerStats>()
    expectTypeOf<latchkey.SchedulerStats['queued']>().toEqualTypeOf<number>()
    expectTypeOf<latchkey.Registry['functions']>().returns.toEqualTypeOf<readonly latchkey.FunctionDefinition[]>()
    expectTypeOf<latchkey.Registry['call']>().parameters.toEqualTypeOf<
      [name: string, args?: readonly unknown[], options?: latchkey.CallOptions]
    >()
    expectTypeOf<latchkey.Registry['call']>().returns.toEqualTypeOf<Promise<unknown>>()
    expectTypeOf<latchkey.CheckReport['ok']>().toEqualTypeOf<boolean>()
    expectTypeOf<latchkey.CheckReport['missing']>().toEqualTypeOf<readonly errors.MissingSecret[]>()
    expectTypeOf<latchkey.CheckReport['invalid']>().toEqualTypeOf<readonly errors.SecretFinding[]>()
  })

  test('registers by names, by definitions, and by the long form, whose keys a definition may hold', () => {
    expectTypeOf<string | Gh | latchkey.Requirement>().toExtend<latchkey.SecretRequirement>()
    expectTypeOf<latchkey.RequiredKey<Gh>>().toEqualTypeOf<'TOKEN' | 'MODE'>()
    expectTypeOf<latchkey.RequiredKey<string>>().toEqualTypeOf<string>()
    expectTypeOf<latchkey.Requirement<Gh>>().toExtend<latchkey.SecretRequirement>()
    expectTypeOf<latchkey.Requirement<Gh>['keys']>().toEqualTypeOf<readonly ('TOKEN' | 'MODE')[] | undefined>()
    expectTypeOf<latchkey.RegisterOptions['secrets']>().toEqualTypeOf<
      readonly latchkey.SecretRequirement[] | undefined
    >()
    // @ts-expect-error -- a key that the definition does not have
    const misspelt = { name: gh, keys: ['TOKE'] } satisfies latchkey.Requirement<Gh>
    expectTypeOf(misspelt).toBeObject()
    expectTypeOf<latchkey.FunctionDefinition['requirements']>().toEqualTypeOf<
      readonly latchkey.RequirementDefinition[]
    >()
  })

  test('gives functions and static methods the types that they have', () => {
    type Generic = <T>(value: T) => Promise<T>
    expectTypeOf<latchkey.Registered<Generic>>().toExtend<Generic>()
    expectTypeOf<latchkey.Registered<() => number>>().returns.toEqualTypeOf<Promise<number>>()
    expectTypeOf<latchkey.Registered<(a: string) => number>>().parameters.toEqualTypeOf<[a: string]>()
    expectTypeOf<latchkey.WithInput<(n: number, b: boolean) => 1, z.ZodCoercedNumber<string>>>().toEqualTypeOf<
      (input: string, b: boolean) => Promise<1>
    >()
    expectTypeOf<latchkey.Decorator>().toBeCallableWith((a: string) => a)
    expectTypeOf<latchkey.InputDecorator<z.ZodString>>().toBeCallableWith((a: string) => a)
  })
})

test('events are told apart by what they hold', () => {
  expectTypeOf<latchkey.CallEvent['scope']>().toEqualTypeOf<string>()
  expectTypeOf<latchkey.CallEvent['outcome']>().toEqualTypeOf<latchkey.EventOutcome | undefined>()
  expectTypeOf<latchkey.SecretReadEvent['secrets']>().toExtend<readonly latchkey.SecretRead[]>()
  expectTypeOf<latchkey.SecretRead['name']>().toEqualTypeOf<string>()
  expectTypeOf<latchkey.WorkerEvent>().toEqualTypeOf<
    latchkey.WorkerStarted | latchkey.WorkerAssigned | latchkey.WorkerEnded
  >()
  expectTypeOf<latchkey.WorkerEnded['reason']>().toEqualTypeOf<latchkey.WorkerEndReason>()
})

describe('a store', () => {
  test('gives and takes secrets in these shapes', () => {
    expectTypeOf<latchkey.SecretStore['get']>().toEqualTypeOf<
      (name: string, options?: latchkey.ReadOptions) => Promise<latchkey.Secret | undefined>
    >()
    expectTypeOf<latchkey.SecretStore['describe']>().returns.toEqualTypeOf<
      latchkey.MaybePromise<latchkey.SecretInfo | undefined>
    >()
    expectTypeOf<latchkey.SecretStore['getMany']>().parameter(0).toEqualTypeOf<readonly latchkey.SecretRequest[]>()
    expectTypeOf<latchkey.SecretStore['list']>().parameters.toEqualTypeOf<[options?: latchkey.ListOptions]>()
    expectTypeOf<latchkey.SecretStore['capabilities']>().toEqualTypeOf<latchkey.Capabilities>()
    expectTypeOf<NonNullable<latchkey.SecretStore['watch']>>()
      .parameter(0)
      .toEqualTypeOf<(change: latchkey.StoreChange) => void>()
    expectTypeOf<latchkey.WritableSecretStore>().toExtend<latchkey.SecretStore>()
    expectTypeOf<latchkey.WritableSecretStore['set']>().parameter(2).toEqualTypeOf<latchkey.SetOptions | undefined>()
  })

  test('that is built in has the verbs that it can do', () => {
    expectTypeOf(latchkey.memoryStore).returns.toEqualTypeOf<latchkey.MemoryStore>()
    expectTypeOf<latchkey.MemoryStore['describe']>().returns.toEqualTypeOf<latchkey.SecretInfo | undefined>()
    expectTypeOf(latchkey.envStore).toEqualTypeOf<(options?: latchkey.EnvStoreOptions) => latchkey.EnvStore>()
    expectTypeOf<latchkey.EnvStore>().not.toExtend<latchkey.WritableSecretStore>()
    expectTypeOf(latchkey.fileStore).toEqualTypeOf<(options?: latchkey.FileStoreOptions) => latchkey.FileStore>()
    expectTypeOf<latchkey.FileStore>().toExtend<latchkey.WritableSecretStore>()
    expectTypeOf(latchkey.generateKey).toEqualTypeOf<() => string>()
    expectTypeOf<latchkey.FileStore['rotateKey']>().toEqualTypeOf<
      (options?: latchkey.FileRotateKeyOptions) => Promise<void>
    >()
    expectTypeOf<latchkey.FileRotateKeyOptions['onProgress']>().toEqualTypeOf<
      ((progress: latchkey.ResealProgress) => void) | undefined
    >()
    expectTypeOf<latchkey.KeySource>().toEqualTypeOf<
      latchkey.RawKeySource | latchkey.KeyFileSource | latchkey.PassphraseSource | latchkey.KeyWrapper
    >()
    expectTypeOf<latchkey.KeyWrapper['wrap']>().parameter(1).toEqualTypeOf<latchkey.WrapContext>()
    expectTypeOf<latchkey.Recipient>().not.toBeAny()
    expectTypeOf<Parameters<latchkey.Anchor['write']>[0]>().toEqualTypeOf<latchkey.AnchorMark>()
  })

  test('over another one can do what that one can', () => {
    const [writable, readable] = [{} as latchkey.WritableSecretStore, {} as latchkey.SecretStore]
    const made = () => ({
      scoped: [latchkey.scopedStore(writable, 'a'), latchkey.scopedStore(readable, 'a')] as const,
      cached: [latchkey.cachedStore(writable), latchkey.cachedStore(readable)] as const,
      typed: [latchkey.typedStore(writable), latchkey.typedStore(readable)] as const,
    })
    type Both = readonly [latchkey.WritableSecretStore, latchkey.SecretStore]
    expectTypeOf(made).returns.toEqualTypeOf<{
      scoped: Both
      cached: Both
      typed: readonly [latchkey.TypedWritableStore, latchkey.TypedStore]
    }>()
    expectTypeOf(latchkey.scopedStore).toBeCallableWith(readable, 'a')
    expectTypeOf(latchkey.cachedStore).parameter(1).toEqualTypeOf<latchkey.CachedStoreOptions | undefined>()
    expectTypeOf(latchkey.chainStore).returns.toExtend<latchkey.SecretStore>()
    expectTypeOf(latchkey.sealedStore).returns.toEqualTypeOf<latchkey.SealingStore>()
    expectTypeOf(latchkey.sealedStore).parameter(1).toEqualTypeOf<latchkey.SealingOptions | undefined>()
    expectTypeOf<latchkey.SealingStore['rotateKey']>().toEqualTypeOf<
      (options?: latchkey.RotateKeyOptions) => Promise<void>
    >()
    expectTypeOf<latchkey.RotationProgress>().toEqualTypeOf<{ readonly checked: number; readonly resealed: number }>()
  })

  test('of an engine can be written if the engine can', () => {
    const writable = (engine: latchkey.WritableStoreEngine) => latchkey.customStore(engine)
    const readable = (engine: latchkey.StoreEngine) => latchkey.customStore(engine)
    expectTypeOf(writable).returns.toEqualTypeOf<latchkey.WritableSecretStore>()
    expectTypeOf(readable).returns.toEqualTypeOf<latchkey.SecretStore>()
    expectTypeOf(latchkey.customStore).returns.toExtend<latchkey.SecretStore>()
    expectTypeOf<latchkey.StoreEngine['read']>().parameter(0).toEqualTypeOf<readonly latchkey.SecretPlace[]>()
    expectTypeOf<latchkey.WritableStoreEngine['write']>().parameter(0).toEqualTypeOf<latchkey.HeldSecret>()
  })
})

describe('a typed store', () => {
  const store = latchkey.typedStore(latchkey.memoryStore())

  test('is a store like any other', () => {
    expectTypeOf(latchkey.typedStore).toBeCallableWith(latchkey.envStore())
    expectTypeOf<latchkey.TypedStore>().toExtend<latchkey.SecretStore>()
    expectTypeOf<latchkey.TypedWritableStore>().toExtend<latchkey.WritableSecretStore>()
    const byName = () => store.get('gh')
    expectTypeOf(byName).returns.toEqualTypeOf<Promise<latchkey.Secret | undefined>>()
  })

  test('gives what the schemas give', () => {
    const get = () => store.get(gh)
    expectTypeOf(get).returns.toEqualTypeOf<Promise<latchkey.DefinedSecret<Gh> | undefined>>()
    expectTypeOf<latchkey.DefinedSecret<Gh>['values']>().toEqualTypeOf<{
      readonly TOKEN: string
      readonly MODE: 'test' | 'live'
    }>()
    expectTypeOf<latchkey.DefinedSecret<Gh>['name']>().toEqualTypeOf<'gh'>()
    expectTypeOf<latchkey.DefinedSecret<Gh>>().toExtend<latchkey.Secret>()
    expectTypeOf<latchkey.DefinedKey<Gh>>().toEqualTypeOf<'TOKEN' | 'MODE'>()
  })

  test('answers each request by its own definition, and by the keys that it asks for', () => {
    const getMany = () => store.getMany([{ name: gh }, { name: 'dd' }, { name: gh, keys: ['MODE'] }])
    expectTypeOf(getMany).returns.toEqualTypeOf<
      Promise<
        [
          latchkey.DefinedSecret<Gh> | undefined,
          latchkey.Secret | undefined,
          latchkey.DefinedSecret<Gh, 'MODE'> | undefined,
        ]
      >
    >()
    expectTypeOf<latchkey.TypedAnswer<{ name: 'gh' }>>().toEqualTypeOf<latchkey.Secret>()
    expectTypeOf<latchkey.TypedRequest<Gh>['keys']>().toEqualTypeOf<readonly ('TOKEN' | 'MODE')[] | undefined>()
    expectTypeOf<string | Gh>().toExtend<latchkey.SecretOrName>()
    const many = (requests: readonly latchkey.SecretRequest[]) => store.getMany(requests)
    expectTypeOf(many).returns.resolves.items.toEqualTypeOf<latchkey.Secret | undefined>()
    // @ts-expect-error -- a key that the definition does not have
    const misspelt = () => store.getMany([{ name: gh, keys: ['TOKE'] }])
    expectTypeOf(misspelt).toBeFunction()
  })

  test('takes what the schemas take, all of it unless it is merged', () => {
    expectTypeOf<latchkey.DefinedValues<Gh>>().toEqualTypeOf<{
      readonly TOKEN: string
      readonly MODE: 'test' | 'live'
    }>()
    const whole = () => store.set(gh, { TOKEN: 'a', MODE: 'test' }, { ifVersion: null })
    const part = () => store.set(gh, { MODE: 'live' }, { mode: 'merge' })
    const byName = () => store.set('gh', { ANY: 'thing' })
    expectTypeOf([whole, part, byName]).items.returns.toEqualTypeOf<Promise<latchkey.SecretInfo>>()
    // @ts-expect-error -- a key is missing
    const missing = () => store.set(gh, { MODE: 'live' })
    // @ts-expect-error -- a value that is not in the list
    const wrong = () => store.set(gh, { TOKEN: 'a', MODE: 'prod' })
    // @ts-expect-error -- a key too many
    const unknown = () => store.set(gh, { TOKEN: 'a', MODE: 'live', MOOD: 'good' })
    expectTypeOf([missing, wrong, unknown]).toBeArray()
  })
})

test('what latchkey shares with its parts is the same', () => {
  expectTypeOf(latchkey.isLatchkeyError).toEqualTypeOf<typeof errors.isLatchkeyError>()
  expectTypeOf(latchkey.LatchkeyError).toEqualTypeOf<typeof errors.LatchkeyError>()
  expectTypeOf(latchkey.CallError).toEqualTypeOf<typeof errors.CallError>()
  expectTypeOf(latchkey.InputError).toEqualTypeOf<typeof errors.InputError>()
  expectTypeOf(latchkey.MissingSecretsError).toEqualTypeOf<typeof errors.MissingSecretsError>()
  expectTypeOf(latchkey.RegistrationError).toEqualTypeOf<typeof errors.RegistrationError>()
  expectTypeOf(latchkey.StoreError).toEqualTypeOf<typeof errors.StoreError>()
  expectTypeOf(latchkey.TemplateError).toEqualTypeOf<typeof errors.TemplateError>()
  expectTypeOf(latchkey.WorkerError).toEqualTypeOf<typeof errors.WorkerError>()
  expectTypeOf(latchkey.analyzeTemplate).toEqualTypeOf<typeof template.analyzeTemplate>()
  expectTypeOf(latchkey.checkTemplate).toEqualTypeOf<typeof template.checkTemplate>()
  expectTypeOf(latchkey.compileTemplate).toEqualTypeOf<typeof template.compileTemplate>()
  expectTypeOf(latchkey.literal).toEqualTypeOf<typeof template.literal>()
  expectTypeOf(latchkey.migrateTemplate).toEqualTypeOf<typeof template.migrateTemplate>()
  expectTypeOf(latchkey.resolveTemplate).toEqualTypeOf<typeof template.resolveTemplate>()
})
