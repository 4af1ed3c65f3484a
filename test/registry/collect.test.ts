import { createRegistry, type Registry } from 'latchkey'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Collecting, collectRegistries } from '../../src/registry/collect.ts'
import { answeringStore, infoOf } from '../helpers/stores.ts'

let collecting: Collecting
let asked: string[]
beforeEach(() => {
  collecting = collectRegistries()
  asked = []
})
afterEach(() => {
  collecting.stop()
})

/** A registry whose store has secrets `a` and `b`, each with the key TOKEN. */
function collected(): Registry {
  const store = answeringStore({
    describe: (name) => {
      asked.push(name)
      return name === 'none' ? Promise.resolve(undefined) : infoOf(name)
    },
  })
  return createRegistry({ store })
}

describe('a process that collects', () => {
  test('finds the registries that were made since, also by another copy of the library', () => {
    const first = collected()
    const second = collected()
    expect(collecting.registries()).toEqual([first, second])
    collecting.stop()
    collected()
    expect(collecting.registries()).toHaveLength(2)
  })

  test('adds nothing to a collection of a shape that it does not know, and asks nothing all the same', () => {
    const table = (globalThis as never)[Symbol.for('latchkey.table')] as { collection: object }
    const registries: unknown[] = []
    table.collection = { format: 2, registries }
    collected().register({ name: 'f', secrets: ['none'] })(() => 1)
    expect([registries, asked]).toEqual([[], []])
  })

  test('asks no store when functions are registered, nor by ready(); check() asks, and tells what is missing', async () => {
    const registry = collected()
    registry.register({ name: 'f', secrets: ['a', 'none'] })(() => 1)
    await registry.ready()
    expect(asked).toEqual([])
    expect(await registry.check()).toMatchObject({ ok: false, missing: [{ function: 'f', secret: 'none' }] })
    expect(registry.functions().map(({ name }) => name)).toEqual(['f'])
  })

  test('notes what registering would throw, goes on, and lets check() tell all of it', async () => {
    const registry = collected()
    registry.register({})(() => 1)
    registry.register({ name: 'twice' })(() => 1)
    registry.register({ name: 'twice' })(() => 2)
    registry.register({ name: 'typo', secret: ['a'] } as never)(() => 1)
    registry.register({ name: 'typo', label: 'a' } as never)(() => 1)
    registry.register({ name: 'none' })(undefined as never)
    registry.register({
      name: 'both',
      secrets: [
        { name: 'a', keys: ['TOKEN'] },
        { name: 'b', keys: ['TOKEN'] },
      ],
    })(() => 1)
    registry.register({ name: 'path', secrets: [{ name: 'a', keys: ['TOKEN'], env: { TOKEN: 'PATH' } }] })(() => 1)
    const expected = [
      { function: '', code: 'NAMELESS_FUNCTION' },
      { function: 'twice', code: 'DUPLICATE_NAME' },
      { function: 'typo', code: 'UNKNOWN_OPTION', message: expect.stringContaining('no option "secret"') as string },
      { function: 'typo', code: 'UNKNOWN_OPTION', message: expect.stringContaining('no option "label"') as string },
      { function: 'none', code: 'INVALID_OPTION' },
      { function: 'both', code: 'ENV_COLLISION' },
      { function: 'path', code: 'RESERVED_NAME' },
    ]
    const { ok, conflicts } = await registry.check()
    expect(ok).toBe(false)
    // Each once, though the check finds two of them again in the scope.
    expect(conflicts).toMatchObject(expected)
    expect(conflicts).toHaveLength(expected.length)
    // The manifest is the same whatever the order was: by function, then by what is said.
    const [nameless, twice, secret, label, none, both, path] = expected
    expect((await registry.manifest()).refused).toMatchObject([nameless, both, none, path, twice, label, secret])
    expect(registry.functions().map(({ name }) => name)).toEqual(['twice', 'both', 'path'])
  })

  test('notes what a decorator refuses, and leaves the method as it is', async () => {
    const registry = collected()
    const initializers: ((this: unknown) => void)[] = []
    const context = (kind: string, isStatic: boolean) => ({
      ...{ kind, name: 'm', static: isStatic, private: false },
      addInitializer: (initialize: (this: unknown) => void) => initializers.push(initialize),
    })
    const decorate = (name: string | undefined, ...given: unknown[]): unknown => {
      return Reflect.apply(registry.register({ name }), undefined, given)
    }
    const method = async (): Promise<number> => Promise.resolve(2)
    expect(decorate('instance', method, context('method', false))).toBeUndefined()
    expect(decorate('legacy', {}, 'm', { value: method })).toBeUndefined()
    const fine = decorate('fine', method, context('method', true)) as () => Promise<number>
    decorate(undefined, method, context('method', true))
    // The class has no name, and therefore its second method has none.
    for (const initialize of initializers) initialize.call({ name: '' })
    expect((await registry.check()).conflicts).toMatchObject([
      { function: 'instance', code: 'DECORATOR_TARGET' },
      { function: 'legacy', code: 'DECORATOR_TARGET' },
      { function: '', code: 'NAMELESS_FUNCTION' },
    ])
    await expect(fine()).rejects.toMatchObject({ code: 'COLLECTING' })
  })

  test('runs nothing: calls reject, of functions that were registered and of those that were not', async () => {
    const registry = collected()
    let ran = 0
    const f = registry.register({ name: 'f', secrets: ['a'] })(() => ran++)
    const refused = registry.register({ name: 'f', input: z.string() })(() => ran++)
    for (const call of [f(), f.with({ scope: 'x' })(), registry.call('f'), refused('x'), refused.with({})('x')]) {
      await expect(call).rejects.toMatchObject({
        code: 'COLLECTING',
        message: 'f was called while latchkey only looks at what is registered.',
        hint: expect.stringContaining('not at the top level of the module') as string,
      })
    }
    expect(refused.definition).toEqual({ name: 'f', requirements: [] })
    expect(ran).toBe(0)
    await registry.close()
  })

  test('what others throw while something is registered is an accident, and is not noted as a refusal', async () => {
    const registry = collected()
    const error = Object.assign(new TypeError('quotes a value'), { code: 'ERR_OTHER' })
    const input = {
      get '~standard'(): never {
        throw error
      },
    }
    expect(() => registry.register({ name: 'f', input: input as never })(() => 1)).toThrow(error)
    expect((await registry.check()).conflicts).toEqual([])
  })

  test('a conflict that only a store shows is told beside what was refused', async () => {
    const registry = collected()
    registry.register({ name: 'typo', secret: ['a'] } as never)(() => 1)
    registry.register({ name: 'both', secrets: ['a', 'b'] })(() => 1)
    expect((await registry.check()).conflicts).toMatchObject([
      { function: 'typo', code: 'UNKNOWN_OPTION' },
      { function: 'both', scope: 'default', code: 'ENV_COLLISION' },
    ])
  })

  test('a name that is no text is none', async () => {
    const registry = collected()
    expect(registry.register({ name: 7 } as never)(() => 1).definition.name).toBe('')
    expect(registry.register({})(undefined as never)).toHaveProperty('definition.name', '')
    expect((await registry.check()).conflicts).toMatchObject([
      { function: '', code: 'INVALID_OPTION' },
      { function: '', code: 'INVALID_OPTION' },
    ])
  })

  test('wrong options of createRegistry are thrown: there is nothing that could tell of them', () => {
    expect(() => createRegistry({ store: 1 as never })).toThrow(TypeError)
  })
})
