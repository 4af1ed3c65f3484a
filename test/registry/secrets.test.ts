import { createRegistry, memoryStore, type SecretStore, StoreError } from 'latchkey'
import { describe, expect, test } from 'vitest'
import { answeringStore, CANARY, infoOf, secretOf } from '../helpers/stores.ts'
import { allTextOf, rejection, thrownBy } from '../helpers/thrown.ts'

function reading(store: SecretStore | ((scope: string) => SecretStore), secrets = ['gh']) {
  const registry = createRegistry({ store, isolation: 'inline', missing: 'defer' })
  return registry.register({ name: 'read', secrets })(() => process.env['TOKEN'])
}

/** A secret as a store answers it, with something else in some places. */
const odd = (more: object) => ({ ...secretOf('gh'), ...more })

describe('what a store throws', () => {
  const hostile = new Proxy({}, { get: () => fail(), has: () => fail(), getPrototypeOf: () => fail() })
  function fail(): never {
    throw new Error(CANARY)
  }

  test.each<[string, unknown, string]>([
    ['an error', new TypeError(CANARY), 'Store answering failed (TypeError). Its own words are withheld'],
    ['a system error', Object.assign(new Error(CANARY), { code: 'ECONNREFUSED' }), '(Error, ECONNREFUSED)'],
    ['an error whose code is a text', Object.assign(new Error('x'), { code: `${CANARY}!` }), '(Error)'],
    ['an AbortError of its own', new DOMException(CANARY, 'AbortError'), '(AbortError)'],
    ['a string', CANARY, 'Store answering failed.'],
    ['undefined', undefined, 'Store answering failed.'],
    ['null', null, 'Store answering failed.'],
    ['something that cannot be looked at', hostile, 'Store answering failed, with something'],
  ])('is told as STORE_FAILED without its words: %s', async (_, thrown, message) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- stores reject with anything
    const rejects = answeringStore({ getMany: () => Promise.reject(thrown) })
    const throws = answeringStore({
      getMany: () => {
        throw thrown
      },
      describe: () => {
        throw thrown
      },
    })
    const registering = () => createRegistry({ store: throws }).register({ name: 'f', secrets: ['gh'] })(() => 1)
    const errors = [await rejection(reading(rejects)()), await rejection(reading(throws)()), thrownBy(registering)]
    for (const error of errors) {
      expect(error).toBeInstanceOf(StoreError)
      expect(error).toMatchObject({
        code: 'STORE_FAILED',
        message: expect.stringContaining(message) as string,
        hint: expect.stringContaining('StoreError') as string,
      })
      expect(allTextOf(error)).not.toContain(CANARY)
    }
  })

  test.each(['UNAVAILABLE', 'DENIED', 'CORRUPT', 'CLOSED', 'KEY_MISSING'] as const)(
    'passes if it is a StoreError: %s',
    async (code) => {
      const error = new StoreError(code, 'said by the store')
      expect(await rejection(reading(answeringStore({ getMany: () => Promise.reject(error) }))())).toBe(error)
    },
  )

  test('a store that is closed says so', async () => {
    const store = memoryStore({ gh: { TOKEN: 't' } })
    const read = reading(store)
    await store.close()
    await expect(read()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a store that does not answer', () => {
  test('is waited for until timeoutMs, and told by its signal', async () => {
    let told: AbortSignal | undefined
    const read = reading(
      answeringStore({
        getMany: (_, signal) => {
          told = signal
          return new Promise(() => undefined)
        },
      }),
    )
    await expect(read.with({ timeoutMs: 20 })()).rejects.toMatchObject({ code: 'CALL_TIMEOUT', function: 'read' })
    expect(told?.aborted).toBe(true)
  })

  test('is told that nobody waits any more, as is every other store of the call', async () => {
    const told: (AbortSignal | undefined)[] = []
    const silent = () =>
      answeringStore({
        getMany: (_, signal) => {
          told.push(signal)
          return new Promise(() => undefined)
        },
      })
    const stores = [silent(), silent()]
    const registry = createRegistry({ store: (scope) => stores[scope === 'b' ? 1 : 0]!, missing: 'defer' })
    const secrets = ['gh', { name: 'dd', scope: 'b' }]
    const controller = new AbortController()
    const read = registry.register({ name: 'read', secrets, isolation: 'inline' })(() => 1)
    const call = rejection(read.with({ signal: controller.signal })())
    while (told.length < 2) await new Promise((resolve) => setImmediate(resolve))
    controller.abort('given up')
    expect(await call).toBe('given up')
    expect(told.map((signal) => signal?.aborted)).toEqual([true, true])
  })

  test('is waited for until the signal aborts, whose reason comes back as it is', async () => {
    const reason = { any: 'thing' }
    const controller = new AbortController()
    const store = answeringStore({
      getMany: (_, signal) => {
        queueMicrotask(() => {
          controller.abort(reason)
        })
        return new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            reject(new Error('given up'))
          })
        })
      },
    })
    expect(await rejection(reading(store).with({ signal: controller.signal })())).toBe(reason)
  })
})

describe('what a store answers', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'did not answer each request'],
    ['no array', odd({}), 'did not answer each request'],
    ['too few answers', [], 'did not answer each request'],
    ['too many answers', [odd({}), odd({})], 'did not answer each request'],
    ['null', [null], 'neither a secret nor undefined'],
    ['a string', [CANARY], 'neither a secret nor undefined'],
    ['no version', [odd({ version: undefined })], 'neither a secret nor undefined'],
    ['a number as version', [odd({ version: 1 })], 'neither a secret nor undefined'],
    ['values of null', [odd({ values: null })], 'neither a secret nor undefined'],
    ['values of a string', [odd({ values: CANARY })], 'neither a secret nor undefined'],
    ['a number as a value', [odd({ values: { TOKEN: 4_211_337 } })], 'the value of TOKEN is not a well-formed string'],
    ['a nested value', [odd({ values: { TOKEN: { a: CANARY } } })], 'the value of TOKEN is not'],
    ['a Buffer as a value', [odd({ values: { TOKEN: Buffer.from(CANARY) } })], 'the value of TOKEN is not'],
    ['undefined as a value', [odd({ values: { TOKEN: undefined } })], 'the value of TOKEN is not'],
    ['NUL in a value', [odd({ values: { TOKEN: `${CANARY}\0` } })], 'without NUL'],
    ['half a character', [odd({ values: { TOKEN: `${CANARY}\ud800` } })], 'well-formed'],
    ['a key that is none', [odd({ values: { 'A B': CANARY } })], '"A B" is not a key'],
    ['another secret', [odd({ name: 'dd' })], 'in the order of the requests'],
    ['the secret of another scope', [odd({ scope: 'acme' })], 'another secret'],
  ])('is BAD_ANSWER if it is %s', async (_, answer, message) => {
    const error = await rejection(reading(answeringStore({ getMany: () => Promise.resolve(answer) }))())
    expect(error).toBeInstanceOf(StoreError)
    expect(error).toMatchObject({
      code: 'BAD_ANSWER',
      store: 'answering',
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining('conformance suite') as string,
      // Of which secret, and of which value, where it is one's.
      ...(message.includes('each request') ? {} : { scope: 'default', secret: 'gh' }),
      ...(message.includes('the value of') ? { key: 'TOKEN' } : {}),
    })
    expect(allTextOf(error)).not.toMatch(/canary|4211337|4_211_337/)
  })

  test('counts by its own keys: an inherited one is missing', async () => {
    const values = Object.create({ TOKEN: CANARY }) as Record<string, string>
    const store = answeringStore({ getMany: () => [odd({ values })] })
    const registry = createRegistry({ store, isolation: 'inline', missing: 'defer' })
    const read = registry.register({ name: 'read', secrets: [{ name: 'gh', keys: ['TOKEN'] }] })(() => 1)
    await expect(read()).rejects.toMatchObject({ missing: [{ secret: 'gh', key: 'TOKEN' }] })
  })

  test('that throws when it is looked at is STORE_FAILED', async () => {
    const values = Object.defineProperty({}, 'TOKEN', {
      enumerable: true,
      get: () => {
        throw new Error(CANARY)
      },
    })
    const error = await rejection(reading(answeringStore({ getMany: () => [odd({ values })] }))())
    expect(error).toMatchObject({ code: 'STORE_FAILED' })
    expect(allTextOf(error)).not.toContain(CANARY)
  })

  test('may be the same object with other values, where it is not frozen', async () => {
    const values = { TOKEN: 'old' }
    const read = reading(answeringStore({ getMany: () => [odd({ values })] }))
    expect(await read()).toBe('old')
    values.TOKEN = 'new'
    expect(await read()).toBe('new')
  })

  test('may come at once, and need not be frozen', async () => {
    expect(await reading(answeringStore({ getMany: () => [odd({})] }))()).toBe('t')
  })

  test('of undefined means that the secret is not there', async () => {
    await expect(reading(answeringStore({ getMany: () => [undefined] }))()).rejects.toMatchObject({
      code: 'MISSING_SECRETS',
    })
  })
})

describe('reading', () => {
  test('asks one batch, for each secret once, with the keys that are needed', async () => {
    const batches: unknown[] = []
    const store = answeringStore({
      getMany: (requests) => {
        batches.push(structuredClone(requests))
        return requests.map(({ name }) => secretOf(name, { A: 'a', B: 'b', C: 'c' }))
      },
    })
    const registry = createRegistry({ store, isolation: 'inline', missing: 'defer' })
    const secrets = [
      { name: 'x', keys: ['A'] },
      { name: 'x', keys: ['B'], optionalKeys: ['C'] },
      { name: 'y', prefix: 'Y_' },
    ]
    const names = registry.register({ name: 'names', secrets })(() => process.env['A'])
    expect(await names()).toBe('a')
    expect(batches).toEqual([
      [
        { name: 'x', scope: 'default', keys: ['A', 'B', 'C'] },
        { name: 'y', scope: 'default', keys: undefined },
      ],
    ])
  })

  test('asks for nothing where nothing is required', async () => {
    const store = answeringStore({
      getMany: () => {
        throw new Error('asked')
      },
    })
    expect(await reading(store, [])()).toBeUndefined()
  })
})

describe('a store that is a function of the scope', () => {
  const stores = { default: memoryStore({ gh: { TOKEN: 'ours' } }), acme: memoryStore() }
  const choose = (scope: string): SecretStore => stores[scope as keyof typeof stores]

  test('is asked for the scope of each requirement', async () => {
    await stores.acme.set('gh', { TOKEN: 'theirs' }, { scope: 'acme' })
    const read = reading(choose)
    expect([await read(), await read.with({ scope: 'acme' })()]).toEqual(['ours', 'theirs'])
    const registry = createRegistry({ store: choose, isolation: 'inline' })
    const secrets = [
      { name: 'gh', prefix: 'A_' },
      { name: 'gh', scope: 'acme', prefix: 'B_' },
    ]
    const both = registry.register({ name: 'both', secrets })(() => [process.env['A_TOKEN'], process.env['B_TOKEN']])
    expect(await both()).toEqual(['ours', 'theirs'])
  })

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'throw a StoreError for one that is not served'],
    ['a promise', Promise.resolve(memoryStore()), 'It gave a promise: make the stores before'],
    ['something else', { get: 1 }, 'It must return a store for every scope'],
  ])('must give a store: %s is BAD_ANSWER', async (_, given, hint) => {
    const read = reading(() => given as SecretStore)
    await expect(read()).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      scope: 'default',
      message: expect.stringContaining('gave no store for scope default') as string,
      hint: expect.stringContaining(hint) as string,
    })
  })

  test('may throw: its words are withheld, its StoreError passes', async () => {
    const failing = reading(() => {
      throw new Error(CANARY)
    })
    const error = await rejection(failing())
    expect(error).toMatchObject({
      code: 'STORE_FAILED',
      scope: 'default',
      message: expect.stringContaining('The store function of createRegistry failed for scope default') as string,
    })
    expect(allTextOf(error)).not.toContain(CANARY)
    const denied = new StoreError('DENIED', 'not yours')
    const refusing = () => {
      throw denied
    }
    expect(await rejection(reading(refusing)())).toBe(denied)
    const registry = createRegistry({ store: refusing })
    expect(thrownBy(() => registry.register({ name: 'f', secrets: ['gh'] })(() => 1))).toBe(denied)
  })
})

test('a store without a name is spoken of all the same', async () => {
  const store = { ...answeringStore({ describe: infoOf, getMany: () => 1 }), name: undefined as never }
  await expect(reading(store)()).rejects.toThrow('Store without a name broke its contract')
})
