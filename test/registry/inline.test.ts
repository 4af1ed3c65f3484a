import { CallError, createRegistry, memoryStore, type SecretStore, WorkerError } from 'latchkey'
import { currentCall } from 'latchkey/call'
import { afterEach, describe, expect, test } from 'vitest'
import { deferred } from '../../src/worker/deferred.ts'
import { allTextOf, rejection } from '../helpers/thrown.ts'

const TOKEN = 'inline-token-12345'
const store = memoryStore({ gh: { INLINE_TOKEN: TOKEN }, other: { INLINE_TOKEN: 'other-token-12345' } })
const make = () => createRegistry({ store, isolation: 'inline' })

afterEach(() => {
  delete process.env['INLINE_TOKEN']
})

describe('an inline call', () => {
  test('sets the variables for the function and takes them away after it', async () => {
    const before = { ...process.env }
    const read = make().register({ name: 'read', secrets: ['gh'] })(async () => {
      await Promise.resolve()
      return process.env['INLINE_TOKEN']
    })
    expect(await read()).toBe(TOKEN)
    expect({ ...process.env }).toEqual(before)
  })

  test('puts back what stood there before, also after a failure', async () => {
    process.env['INLINE_TOKEN'] = 'before'
    const fail = make().register({ name: 'fail', secrets: ['gh'] })(() => {
      throw new Error('failed')
    })
    await expect(fail()).rejects.toThrow('failed')
    expect(process.env['INLINE_TOKEN']).toBe('before')
  })

  test('takes them away from the environment also where the function has put another in its place', async () => {
    const environment = process.env
    const before = { ...environment }
    const replace = make().register({ name: 'replace', secrets: ['gh'] })(() => {
      process.env = { ...process.env }
    })
    const shield = make().register({ name: 'shield', secrets: ['gh'] })(() => {
      Object.defineProperty(process, 'env', { get: () => ({}), configurable: true })
    })
    for (const call of [replace, shield]) {
      await call()
      expect(process.env).toBe(environment)
      expect({ ...environment }).toEqual(before)
    }
  })

  test('waits for the one before, of whatever registry', async () => {
    const events: string[] = []
    const job = (name: string, secret: string) =>
      make().register({ name, secrets: [secret] })(async () => {
        events.push(`${name} begins with ${process.env['INLINE_TOKEN'] ?? ''}`)
        await new Promise((resolve) => setImmediate(resolve))
        events.push(`${name} ends with ${process.env['INLINE_TOKEN'] ?? ''}`)
      })
    await Promise.all([job('a', 'gh')(), job('b', 'other')()])
    expect(events).toEqual([
      `a begins with ${TOKEN}`,
      `a ends with ${TOKEN}`,
      'b begins with other-token-12345',
      'b ends with other-token-12345',
    ])
  })

  test('is refused in production', async () => {
    const environment = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    try {
      const f = make().register({ name: 'f' })(() => 1)
      await expect(f()).rejects.toMatchObject({
        code: 'INLINE_IN_PRODUCTION',
        message: 'f: inline calls are for tests, and NODE_ENV is production.',
        hint: "Use isolation 'warm' or 'call'.",
      })
    } finally {
      if (environment === undefined) delete process.env['NODE_ENV']
      else process.env['NODE_ENV'] = environment
    }
  })

  test('gives a copy of the result, and refuses one that cannot be copied', async () => {
    const kept = { list: [1] }
    const registry = make()
    const give = registry.register({ name: 'give' })(() => kept)
    const copy = await give()
    expect(copy).toEqual(kept)
    expect(copy).not.toBe(kept)
    const bad = registry.register({ name: 'bad' })(() => () => 1)
    const error = await rejection(bad())
    expect(error).toBeInstanceOf(WorkerError)
    expect(error).toMatchObject({ code: 'NOT_CLONEABLE', function: 'bad' })
  })

  test('refuses arguments and results that are too deep to be copied', async () => {
    const nested = (depth: number) => {
      let value = {}
      for (let level = 0; level < depth; level++) value = { value }
      return value
    }
    const registry = make()
    const take = registry.register({ name: 'take' })((value: object) => typeof value)
    const give = registry.register({ name: 'give' })((depth: number) => nested(depth))
    const codes = new Set<unknown>()
    for (let depth = 1_000; depth < 20_000; depth += 500) {
      codes.add(await take(nested(depth)).then(() => 'arrived', codeOf))
      codes.add(await give(depth).then(() => 'arrived', codeOf))
    }
    expect([...codes]).toEqual(['arrived', 'NOT_CLONEABLE'])
  })

  test('redacts or refuses results as a child does', async () => {
    const registry = make()
    const leak = (results: 'pass' | 'redact' | 'refuse') => {
      return registry.register({ name: results, secrets: ['gh'], results })(() => ({
        map: new Map([['token', process.env['INLINE_TOKEN']]]),
      }))
    }
    expect(await leak('pass')()).toEqual({ map: new Map([['token', TOKEN]]) })
    expect(await leak('redact')()).toEqual({ map: new Map([['token', '***']]) })
    const error = await rejection(leak('refuse')())
    expect(error).toMatchObject({
      code: 'RESULT_REFUSED',
      function: 'refuse',
      message: expect.stringContaining("refuse returned a secret's value") as string,
    })
    expect(allTextOf(error)).not.toContain(TOKEN)
    const harmless = registry.register({ name: 'harmless', secrets: ['gh'], results: 'refuse' })(
      (value: unknown) => value,
    )
    const values = [new Date(0), new Date(NaN), [NaN, -0, 1n], new Map([[NaN, new Set([/x/g])]]), new RangeError('m')]
    for (const value of [...values, new Float64Array([NaN]), Object(1), null, undefined]) {
      expect(await harmless(value)).toEqual(value)
    }
  })

  test('ends for its caller by timeout and abort, though nothing can end its code', async () => {
    let go: (() => void) | undefined
    const slow = make().register({ name: 'slow' })(() => new Promise<void>((resolve) => (go = resolve)))
    await expect(slow.with({ timeoutMs: 20 })()).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    go?.()
    const reason = Symbol('any reason')
    const controller = new AbortController()
    const aborted = rejection(slow.with({ signal: controller.signal })())
    controller.abort(reason)
    expect(await aborted).toBe(reason)
  })

  test('that is given up and does not end lets the next begin, without its variables', async () => {
    const registry = createRegistry({ store, isolation: 'inline', graceMs: 20 })
    const begun = deferred<undefined>()
    const hang = registry.register({ name: 'hang', secrets: ['gh'] })(() => {
      begun.resolve(undefined)
      return new Promise(() => undefined)
    })
    const next = registry.register({ name: 'next' })(() => process.env['INLINE_TOKEN'] ?? 'no token')
    const controller = new AbortController()
    const late = rejection(hang.with({ timeoutMs: 20 })())
    const aborted = rejection(hang.with({ signal: controller.signal })())
    await begun.promise
    const served = next()
    expect(await late).toMatchObject({ code: 'CALL_TIMEOUT' })
    controller.abort('given up')
    expect(await aborted).toBe('given up')
    expect(await served).toBe('no token')
  })

  test('that is given up has its variables while it cleans up, and the next waits for it', async () => {
    const events: unknown[] = []
    const begun = deferred<undefined>()
    const registry = createRegistry({ store, isolation: 'inline', graceMs: 60_000 })
    const cleanUp = registry.register({ name: 'clean_up', secrets: ['gh'] })(async () => {
      begun.resolve(undefined)
      await new Promise((resolve) => {
        currentCall().signal.addEventListener('abort', resolve)
      })
      await new Promise((resolve) => setImmediate(resolve))
      events.push(process.env['INLINE_TOKEN'])
      throw new Error('cleaned up')
    })
    const next = registry.register({ name: 'next' })(() => events.push('next'))
    const controller = new AbortController()
    const given = rejection(cleanUp.with({ signal: controller.signal })())
    await begun.promise
    const served = next()
    controller.abort('given up')
    await served
    expect(await given).toBe('given up')
    expect(events).toEqual([TOKEN, 'next'])
  })

  test('that is given up finds its signal aborted, also where it looks only then', async () => {
    let go: (() => void) | undefined
    let begin: (() => void) | undefined
    const began = new Promise<void>((resolve) => (begin = resolve))
    const signals: AbortSignal[] = []
    const registry = make()
    const looks = registry.register({ name: 'looks' })(async () => {
      begin?.()
      await new Promise<void>((resolve) => (go = resolve))
      signals.push(currentCall().signal)
    })
    const controller = new AbortController()
    const call = rejection(looks.with({ signal: controller.signal })())
    await began
    controller.abort('given up')
    expect(await call).toBe('given up')
    go?.()
    // Inline calls run one after the other: this one ends after that.
    await registry.register({ name: 'next' })(() => 1)()
    expect(signals).toMatchObject([{ aborted: true, reason: 'given up' }])
  })

  test('runs where the runtime starts no children; any other call, and ready(), is refused before a secret is read', async () => {
    Object.defineProperty(process.versions, 'bun', { value: '1.4.5', configurable: true })
    try {
      let reads = 0
      const counted: SecretStore = { ...store, getMany: (...asked) => (reads++, store.getMany(...asked)) }
      const registry = createRegistry({ store: counted })
      const f = registry.register({ name: 'f', secrets: ['gh'] })(() => process.env['INLINE_TOKEN'])
      for (const refused of [f(), f.with({ isolation: 'call' })(), registry.ready()]) {
        expect(await rejection(refused)).toMatchObject({ code: 'UNSUPPORTED' })
      }
      expect(reads).toBe(0)
      expect(await f.with({ isolation: 'inline' })()).toBe(TOKEN)
      await make().ready()
    } finally {
      Reflect.deleteProperty(process.versions, 'bun')
    }
  })

  test('given up before its turn never runs', async () => {
    let runs = 0
    let go: (() => void) | undefined
    const registry = make()
    const first = registry.register({ name: 'first' })(() => new Promise<void>((resolve) => (go = resolve)))
    const second = registry.register({ name: 'second' })(() => runs++)
    const running = first()
    await expect(second.with({ timeoutMs: 20 })()).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    go?.()
    await running
    await second()
    expect(runs).toBe(1)
  })

  test('of a function by another is refused, as in a child, and does not wait for itself', async () => {
    const registry = make()
    const inner = registry.register({ name: 'inner' })(() => 1)
    const outer = registry.register({ name: 'outer' })(() => inner())
    const byName = registry.register({ name: 'by_name' })(() => registry.call('inner'))
    for (const [call, name] of [
      [outer, 'outer'],
      [byName, 'by_name'],
    ] as const) {
      await expect(call()).rejects.toMatchObject({
        code: 'NESTED_CALL',
        message: `${name} called the registered function inner: one cannot run another. Share a plain function, or let the host call both.`,
      })
    }
    expect(await inner()).toBe(1)
  })

  test('fails with a CallError, whatever was thrown, with values masked', async () => {
    const registry = make()
    const fail = registry.register({ name: 'fail', secrets: ['gh'] })(() => {
      const token = process.env['INLINE_TOKEN'] ?? ''
      const cause = new TypeError(`cause ${token}`)
      throw Object.assign(new RangeError(`bad ${token}`, { cause }), { code: 'E_OWN', header: { auth: token } })
    })
    const error = (await rejection(fail())) as CallError
    expect(error).toBeInstanceOf(CallError)
    expect(error).toMatchObject({
      ...{ name: 'RangeError', message: 'bad ***', code: 'E_OWN', header: { auth: '***' } },
      cause: { name: 'TypeError', message: 'cause ***' },
    })
    expect(allTextOf(error)).not.toContain(TOKEN)
    const odd = registry.register({ name: 'odd' })(() => {
      throw null
    })
    expect(await rejection(odd())).toBeInstanceOf(CallError)
  })
})

test('close() gives up an inline call that runs and one that waits, and a call that waits for its store', async () => {
  const registry = make()
  let began: () => void = () => undefined
  const running = new Promise<void>((resolve) => (began = resolve))
  let end: () => void = () => undefined
  const hang = registry.register({ name: 'hang', secrets: ['gh'] })(async () => {
    began()
    await new Promise<void>((resolve) => (end = resolve))
  })
  const calls = [hang(), hang()].map(rejection)
  await running
  await registry.close()
  for (const error of await Promise.all(calls))
    expect(error).toMatchObject({ code: 'REGISTRY_CLOSED', function: 'hang' })
  // The process has one environment: the next inline call anywhere waits for this function's end.
  end()

  const silent = { ...memoryStore(), getMany: () => new Promise<never>(() => undefined) }
  const other = createRegistry({ store: silent, missing: 'defer' })
  const waiting = rejection(other.register({ name: 'waits', secrets: ['gh'] })(() => Promise.resolve())())
  await other.close()
  expect(await waiting).toMatchObject({ code: 'REGISTRY_CLOSED' })
})

function codeOf(error: unknown): unknown {
  return (error as { code: unknown }).code
}
