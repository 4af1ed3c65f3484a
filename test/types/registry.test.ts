import { createRegistry, defineSecret, memoryStore, type Registered, type WithInput } from 'latchkey'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const registry = createRegistry({ store: memoryStore(), isolation: 'inline' })
const issue = z.object({ repo: z.string(), count: z.coerce.number().default(1) })

test('a registered async function keeps its type, generics too', () => {
  const f = registry.register({ name: 'keeps' })(async (a: string, b?: number) => Promise.resolve(`${a}${b ?? 0}`))
  expectTypeOf(f).parameters.toEqualTypeOf<[a: string, b?: number]>()
  expectTypeOf(f).returns.toEqualTypeOf<Promise<string>>()
  const generic = registry.register({ name: 'generic' })(async <T>(value: T): Promise<T> => Promise.resolve(value))
  expectTypeOf(() => generic(7 as const)).returns.toEqualTypeOf<Promise<7>>()
})

test('a registered function that is not async has the type of one that is', () => {
  const f = registry.register({ name: 'becomes' })((a: string): number => a.length)
  expectTypeOf(f).parameters.toEqualTypeOf<[a: string]>()
  expectTypeOf(f).returns.toEqualTypeOf<Promise<number>>()
  const either = registry.register({ name: 'either' })((now: boolean) => (now ? 'now' : Promise.resolve(2)))
  expectTypeOf(either).returns.toEqualTypeOf<Promise<'now' | number>>()
})

test('with() gives the same type, and a definition stands beside it', () => {
  const f = registry.register({ name: 'bound' })((a: string): number => a.length)
  expectTypeOf(f.with({ scope: 'a' })).toEqualTypeOf<typeof f>()
  expectTypeOf<Registered<(a: string) => number>>().toEqualTypeOf<typeof f>()
  expectTypeOf(f.definition.name).toEqualTypeOf<string>()
})

test("with an input schema callers give the schema's input, and the function gets its output", () => {
  const f = registry.register({ name: 'schema', input: issue })((input, labels: string[]) => {
    expectTypeOf(input).toEqualTypeOf<{ repo: string; count: number }>()
    return labels.length
  })
  expectTypeOf(f).parameters.toEqualTypeOf<[input: { repo: string; count?: unknown }, labels: string[]]>()
  expectTypeOf(f).returns.toEqualTypeOf<Promise<number>>()
  expectTypeOf<WithInput<(size: number) => string, z.ZodString>>().toEqualTypeOf<(input: string) => Promise<string>>()
})

test('an input schema refuses a function that takes something else', () => {
  const register = registry.register({ name: 'mismatch', input: z.string() })
  // @ts-expect-error -- the schema gives a string
  register((size: number) => size)
})

test('requirements are names, definitions or the long form', () => {
  const gh = defineSecret('gh', { TOKEN: z.string() })
  registry.register({
    name: 'r',
    secrets: [
      { name: 'a', optional: true },
      { name: gh, optionalKeys: ['TOKEN'] },
    ],
  })
  // @ts-expect-error -- a misspelt option
  const misspelt = () => registry.register({ name: 'r', secret: ['gh'] })
  // @ts-expect-error -- a name is needed
  const nameless = () => registry.register([{ keys: ['A'] }])
  expectTypeOf(misspelt).toBeFunction()
  expectTypeOf(nameless).toBeFunction()
})

test('a decorator takes async static methods, and keeps their types, also of generic ones', () => {
  const decorator = registry.register({ name: 'decorated' })
  type Plain = (this: typeof Date, text: string) => Promise<number>
  type Generic = <T>(this: typeof Date, given: T) => Promise<T>
  type Sync = (this: typeof Date, text: string) => number
  const plain = (method: Plain, context: ClassMethodDecoratorContext<typeof Date, Plain>) => decorator(method, context)
  const generic = (method: Generic, context: ClassMethodDecoratorContext<typeof Date, Generic>) =>
    decorator(method, context)
  expectTypeOf(plain).returns.toEqualTypeOf<Plain>()
  expectTypeOf(generic).returns.toEqualTypeOf<Generic>()
  // @ts-expect-error -- it is not async
  const sync = (method: Sync, context: ClassMethodDecoratorContext<typeof Date, Sync>) => decorator(method, context)
  expectTypeOf(sync).toBeFunction()
})

test('what gives any, or never gives anything, is a promise of that for its callers', () => {
  expectTypeOf<ReturnType<Registered<(text: string) => any>>>().toEqualTypeOf<Promise<any>>() // eslint-disable-line @typescript-eslint/no-explicit-any
  expectTypeOf<ReturnType<Registered<(text: string) => never>>>().toEqualTypeOf<Promise<never>>()
  expectTypeOf<ReturnType<Registered<() => number | Promise<string>>>>().toEqualTypeOf<Promise<number | string>>()
})

test('an input that may be undefined can be left out, unless something must follow it', () => {
  type Optional = z.ZodOptional<z.ZodString>
  expectTypeOf<WithInput<(text?: string) => number, Optional>>().toEqualTypeOf<(input?: string) => Promise<number>>()
  expectTypeOf<WithInput<(text: string | undefined, more: boolean) => number, Optional>>().toEqualTypeOf<
    (input: string | undefined, more: boolean) => Promise<number>
  >()
  expectTypeOf<WithInput<(text?: string, more?: boolean) => number, Optional>>().toEqualTypeOf<
    (input?: string, more?: boolean) => Promise<number>
  >()
})
