import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createRegistry, memoryStore } from 'latchkey'
import { expect, test } from 'vitest'
import { thrownBy } from '../helpers/thrown.ts'

const fixture = (name: string) => new URL(`../fixtures/registry/${name}`, import.meta.url)

test('a decorated static method runs in a child, with the class as this and all that a function has', async () => {
  const main = fileURLToPath(fixture('decorated-main.ts'))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', main])
  const module = fixture('decorated.ts').href
  expect(JSON.parse(stdout)).toMatchObject({
    whoami: 'hi api.example decorated',
    byName: 'ho api.example decorated',
    sized: 5,
    invalid: ['INVALID_INPUT', null],
    nowhere: ['MISSING_SECRETS', [{ function: 'whoami', scope: 'nowhere', secret: 'gh' }]],
    inline: 'in api.example decorated',
    functions: [
      { name: 'whoami', module, requirements: [{ name: 'gh' }] },
      { name: 'sized', module, inputSchema: { type: 'object' } },
    ],
    name: 'whoami',
  })
})

class GitHub {
  readonly host = 'api.example'
}
/** A class without a name. */
const Nameless = (() =>
  class {
    readonly host = 'api.example'
  })()

/** What a compiler hands to a decorator. */
const context = (more: object) => ({
  ...{ kind: 'method', name: 'm', static: true, private: false, addInitializer: () => undefined },
  ...more,
})
const decorate = (fn: unknown, ...rest: unknown[]) => {
  const register = createRegistry({ store: memoryStore() }).register({ name: 'm' })
  return Reflect.apply(register, undefined, [fn, ...rest]) as (...args: unknown[]) => Promise<unknown>
}
const method = async (): Promise<number> => Promise.resolve(1)

test.each<[string, unknown, unknown[], string]>([
  ['an instance method', method, [context({ static: false })], 'Only static, public, async methods'],
  ['a private method', method, [context({ private: true, name: '#m' })], 'Only static, public, async methods'],
  ['a getter', method, [context({ kind: 'getter' })], 'Only static, public, async methods'],
  ['a class', Nameless, [context({ kind: 'class' })], 'Only static, public, async methods'],
  ['a method that is not async', () => 1, [context({})], 'm is not async'],
  [
    'an async generator',
    async function* () {
      yield await method()
    },
    [context({})],
    'm is not async',
  ],
  ['a legacy decorator call', Nameless, ['m', { value: method }], 'legacy decorator call (experimentalDecorators)'],
  ['a legacy decorator call on a field', {}, ['m', undefined], 'legacy decorator call (experimentalDecorators)'],
  [
    'a legacy decorator call on a symbol',
    Nameless,
    [Symbol('m'), { value: method }],
    'legacy decorator call (experimentalDecorators)',
  ],
  [
    "a legacy decorator call on a constructor's parameter",
    Nameless,
    [undefined, 0],
    'legacy decorator call (experimentalDecorators)',
  ],
  ['a legacy decorator call on a class', Nameless, [], 'A class cannot be registered'],
])('%s is DECORATOR_TARGET', (_, fn, rest, message) => {
  expect(thrownBy(() => decorate(fn, ...rest))).toMatchObject({
    code: 'DECORATOR_TARGET',
    message: expect.stringContaining(message) as string,
    hint: expect.stringContaining('Register a plain function') as string,
  })
})

test.each<[string, unknown[]]>([
  ['undefined', [undefined]],
  ['null', [null]],
  ['an object', [{}]],
  ['an index and a list, as map() gives', [0, []]],
])('what stands after a function and is no context of a decorator is left alone: %s', (_, given) => {
  // Its text speaks of a class, and it is none.
  const called = decorate(
    () =>
      class {
        readonly host = 1
      },
    ...given,
  )
  expect(called.name).toBe('m')
  expect(called).toHaveProperty('definition.name', 'm')
})

test('a method without a name is called Class.method', () => {
  const registry = createRegistry({ store: memoryStore() })
  const addInitializer = (initialize: (this: unknown) => void) => {
    initialize.call(GitHub)
  }
  Reflect.apply(registry.register({}), undefined, [method, context({ addInitializer })])
  expect(registry.functions()).toMatchObject([{ name: 'GitHub.m', module: import.meta.url }])
})

test('a method of a class without a name needs one', () => {
  const register = createRegistry({ store: memoryStore() }).register({})
  let initialize: (this: unknown) => void = () => undefined
  const addInitializer = (given: typeof initialize) => (initialize = given)
  Reflect.apply(register, undefined, [method, context({ addInitializer })])
  expect(
    thrownBy(() => {
      initialize.call(Nameless)
    }),
  ).toMatchObject({ code: 'NAMELESS_FUNCTION' })
})

test('a method that is called before its class is there rejects', async () => {
  const early = decorate(method, context({}))
  expect(Object.getOwnPropertyDescriptor(early, 'name')).toMatchObject({ value: 'm', configurable: true })
  await expect(early()).rejects.toMatchObject({
    code: 'UNKNOWN_FUNCTION',
    message: 'm was called before its class was defined.',
    hint: expect.stringContaining('Call it after the class') as string,
  })
})
