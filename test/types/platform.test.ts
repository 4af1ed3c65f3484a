/** The types of what a platform sees, and of calls that outlive a rotation. */
import {
  type CallError,
  type CheckOptions,
  type CheckReport,
  createRegistry,
  type Manifest,
  type ManifestExpiry,
  type ManifestFunction,
  type ManifestOptions,
  type ManifestSecret,
  type ManifestStored,
  memoryStore,
  type ReadyOptions,
  type StoredSecret,
  withFreshSecret,
} from 'latchkey'
import { expectTypeOf, test } from 'vitest'

const registry = createRegistry({ store: memoryStore(), isolation: 'inline' })

test('withFreshSecret keeps the type, generics too, and gives what recognises errors a CallError', () => {
  const plain = registry.register({ name: 'fresh' })((a: string): number => a.length)
  const fresh = withFreshSecret(plain, (error) => {
    expectTypeOf(error).toEqualTypeOf<CallError>()
    return 'status' in error && error.status === 401
  })
  expectTypeOf(fresh).toEqualTypeOf<typeof plain>()
  const generic = registry.register({ name: 'fresh_generic' })(async <T>(value: T): Promise<T> =>
    Promise.resolve(value),
  )
  const freshGeneric = withFreshSecret(generic, () => false)
  expectTypeOf(() => freshGeneric(7 as const)).returns.toEqualTypeOf<Promise<7>>()
  // @ts-expect-error -- a function that is not registered
  expectTypeOf(withFreshSecret<() => number>).toBeFunction()
})

test('check takes one scope or many, and a manifest is data of a known shape', () => {
  expectTypeOf(registry.check).parameter(0).toEqualTypeOf<CheckOptions | undefined>()
  expectTypeOf<{ timeoutMs: number; scopes: string[] }>().toExtend<CheckOptions>()
  expectTypeOf<{ timeoutMs: number }>().toExtend<ManifestOptions>()
  expectTypeOf(registry.ready).parameter(0).toEqualTypeOf<ReadyOptions | undefined>()
  expectTypeOf<ReadyOptions>().toEqualTypeOf<{ readonly timeoutMs?: number | undefined }>()
  expectTypeOf<{ scope: string; scopes: string[] }>().not.toExtend<CheckOptions>()
  expectTypeOf(registry.check).returns.resolves.toEqualTypeOf<CheckReport>()
  expectTypeOf(registry.manifest).parameter(0).toEqualTypeOf<ManifestOptions | undefined>()
  expectTypeOf(registry.manifest).returns.resolves.toEqualTypeOf<Manifest>()
  expectTypeOf<Manifest['format']>().toEqualTypeOf<1>()
  expectTypeOf<Manifest['functions'][number]>().toEqualTypeOf<ManifestFunction>()
  expectTypeOf<Manifest['secrets'][number]>().toEqualTypeOf<ManifestSecret>()
  expectTypeOf<NonNullable<Manifest['stored']>>().toEqualTypeOf<ManifestStored>()
  expectTypeOf<ManifestStored['secrets'][number]>().toEqualTypeOf<StoredSecret>()
  expectTypeOf<NonNullable<ManifestStored['expires']>[number]>().toEqualTypeOf<ManifestExpiry>()
  expectTypeOf<ManifestStored>().toExtend<CheckReport>()
})
