import { createRegistry, memoryStore } from 'latchkey'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { duplicate, nameless } from '../../src/registry/refused.ts'
import { thrownBy } from '../helpers/thrown.ts'

const store = memoryStore({ gh: { TOKEN: 'token-123456', USER_NAME: 'bob' } })
const inline = () => createRegistry({ store, isolation: 'inline' })
const HERE = import.meta.url

describe('the name of a function', () => {
  test('is the given one, else its own', async () => {
    const registry = inline()
    const named = registry.register({ name: 'create_issue' })(function other() {
      return 1
    })
    const own = registry.register()(function ownName() {
      return 2
    })
    expect([named.definition.name, own.definition.name]).toEqual(['create_issue', 'ownName'])
    expect([named.name, own.name]).toEqual(['create_issue', 'ownName'])
    expect(await registry.call('ownName')).toBe(2)
  })

  test('is needed', () => {
    const expected = {
      code: 'NAMELESS_FUNCTION',
      message: `A function registered in ${HERE} has no name.`,
      hint: expect.stringContaining("Give register({ name: '…' })") as string,
    }
    expect(thrownBy(() => inline().register({})(() => 1))).toMatchObject(expected)
    expect(thrownBy(() => inline().register({ name: '' })(() => 1))).toMatchObject(expected)
    const odd = Object.defineProperty(() => 1, 'name', { value: 7 })
    expect(thrownBy(() => inline().register({})(odd))).toMatchObject(expected)
  })

  test('is unique in its registry; the error names both modules', () => {
    const registry = inline()
    registry.register({ name: 'f', module: 'file:///one.mjs' })(() => 1)
    expect(thrownBy(() => registry.register({ name: 'f' })(() => 1))).toMatchObject({
      code: 'DUPLICATE_NAME',
      message: `Two functions are registered as f: in file:///one.mjs and ${HERE}.`,
      hint: 'Give each its own name.',
    })
    inline().register({ name: 'f' })(() => 1)
  })
})

describe('the definition', () => {
  test('tells what the function needs, frozen and free of values', () => {
    const read = inline().register({
      name: 'read',
      description: 'Reads',
      secrets: [
        { name: 'gh', keys: ['TOKEN'], optionalKeys: ['X'], env: { TOKEN: 'T' }, prefix: 'GH_', scope: 'default' },
      ],
    })(() => 1)
    const { definition } = read
    expect(definition).toEqual({
      name: 'read',
      description: 'Reads',
      requirements: [
        {
          ...{ name: 'gh', scope: 'default', keys: ['TOKEN'], optionalKeys: ['X'], optional: false },
          ...{ env: { TOKEN: 'T' }, prefix: 'GH_' },
        },
      ],
      module: HERE,
    })
    expect(JSON.stringify(definition)).not.toContain('token-123456')
    const parts = (part: object): object[] => [part, ...Object.values(part).filter(isObject).flatMap(parts)]
    expect(parts(definition).filter((part) => !Object.isFrozen(part))).toEqual([])
  })

  test('stands in the order in which requirements were given', () => {
    const two = createRegistry({ store, missing: 'defer' }).register({ name: 'two', secrets: ['z', 'a'] })(() => 1)
    expect(two.definition.requirements.map(({ name }) => name)).toEqual(['z', 'a'])
  })

  test('has the JSON Schema of the input, where the schema can give one', () => {
    const registry = inline()
    registry.register({ name: 'with', input: z.object({ repo: z.string(), count: z.number().default(1) }) })(() => 1)
    registry.register({ name: 'without', input: z.custom<string>() })(() => 1)
    const foreign = { '~standard': { version: 1, vendor: 'x', validate: (value: unknown) => ({ value }) } } as const
    registry.register({ name: 'foreign', input: foreign })(() => 1)
    registry.register({ name: 'none' })(() => 1)
    const [first, ...others] = registry.functions()
    expect(first).toMatchObject({
      name: 'with',
      inputSchema: { type: 'object', properties: { repo: { type: 'string' } }, required: ['repo'] },
    })
    expect(Object.isFrozen(first?.inputSchema?.['properties'])).toBe(true)
    expect(others.slice(1).map((definition) => definition.inputSchema)).toEqual([undefined, undefined])
    expect(others.map(({ name }) => name)).toEqual(['without', 'foreign', 'none'])
    expect(others[2]).not.toHaveProperty('inputSchema')
  })
})

test('the JSON Schema of an input is asked for by its draft, and may hold null', () => {
  const input = {
    '~standard': {
      version: 1,
      vendor: 'x',
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: ({ target }: { target: string }) => ({ $schema: target, default: null }) },
    },
  } as const
  const f = inline().register({ name: 'f', input })(() => 1)
  expect(f.definition.inputSchema).toEqual({ $schema: 'draft-2020-12', default: null })
})

describe('a registered function', () => {
  test('that is not async becomes so', async () => {
    const one = inline().register({ name: 'one' })(() => 1)
    const promise: Promise<number> = one()
    expect(promise).toBeInstanceOf(Promise)
    expect(await promise).toBe(1)
  })

  test('rejects and never throws at once, whatever is wrong', async () => {
    const registry = createRegistry({ store, isolation: 'inline', missing: 'defer' })
    const fails = registry.register({ name: 'fails', secrets: ['none'], input: z.string() })((text) => text)
    const calls = [
      fails('x'),
      fails(1 as never),
      fails.with({ signal: AbortSignal.abort() })('x'),
      registry.call('unknown'),
      registry.call('fails', [() => 1]),
    ]
    await registry.close()
    calls.push(fails('x'))
    const results = await Promise.allSettled(calls)
    expect(results.map(({ status }) => status)).toEqual(calls.map(() => 'rejected'))
  })

  test('is called by its name, also with options; another name is an error', async () => {
    const registry = inline()
    registry.register({ name: 'add' })((a: number, b: number) => a + b)
    expect(await registry.call('add', [1, 2])).toBe(3)
    await expect(registry.call('add', [1, 2], { signal: AbortSignal.abort('given up') })).rejects.toBe('given up')
    await expect(registry.call('sub')).rejects.toMatchObject({
      code: 'UNKNOWN_FUNCTION',
      message: 'No function is registered as "sub".',
      hint: expect.stringContaining('registry.functions()') as string,
    })
    await expect(registry.call(undefined as never)).rejects.toMatchObject({ code: 'UNKNOWN_FUNCTION' })
  })

  test('bound by with() is the same function: its definition, its arguments, and with() again', async () => {
    const f = inline().register({ name: 'f', secrets: ['gh'] })((n: number) => n + 1)
    const bound = f.with({ scope: 'nowhere' })
    expect(bound.definition).toBe(f.definition)
    await expect(bound(1)).rejects.toMatchObject({ missing: [{ scope: 'nowhere' }] })
    expect(await bound.with({ scope: 'default' })(1)).toBe(2)
    expect(await f(1)).toBe(2)
  })

  test('that is called by its name alone gets no argument', async () => {
    const registry = inline()
    registry.register({ name: 'count' })((...args: unknown[]) => args.length)
    expect(await registry.call('count')).toBe(0)
  })

  test('of a registry that has gone out of use rejects', async () => {
    const registry = inline()
    const f = registry.register({ name: 'f' })(() => 1)
    await registry[Symbol.asyncDispose]()
    await expect(f()).rejects.toMatchObject({ code: 'REGISTRY_CLOSED' })
  })

  test('of a closed registry rejects', async () => {
    const registry = inline()
    const f = registry.register({ name: 'f' })(() => 1)
    await registry.close()
    await registry.close()
    await expect(f()).rejects.toMatchObject({ code: 'REGISTRY_CLOSED', function: 'f' })
  })
})

test('ready() starts the first process, unless calls run inline, or the registry has been closed', async () => {
  const registry = createRegistry({ store })
  expect(registry.stats().processes).toBe(0)
  await registry.ready()
  expect(registry.stats().processes).toBeGreaterThan(0)
  await registry.close()
  await registry.ready()
  expect(registry.stats().processes).toBe(0)
  const here = inline()
  await here.ready()
  expect(here.stats().processes).toBe(0)
})

test('a module that is not known is spoken of all the same', () => {
  expect(nameless(undefined).message).toBe('A function registered in an unknown module has no name.')
  const unknown = { name: 'f', module: undefined }
  expect(duplicate(unknown, unknown).message).toContain('in an unknown module and an unknown module.')
})

test('the names of functions are listed in a list that nobody can change', () => {
  expect(Object.isFrozen(inline().functions())).toBe(true)
})

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
