import { getEventListeners, once } from 'node:events'
import { CallError, isLatchkeyError } from 'latchkey'
import { afterAll, describe, expect, test } from 'vitest'
import * as fixture from '../fixtures/registry/functions.mjs'
import { allTextOf, rejection } from '../helpers/thrown.ts'

const { registry, store, output } = fixture
const TOKEN = 'child-token-12345'

afterAll(() => registry.close())

test('calls that share a signal give it one listener, and leave none', async () => {
  const { signal } = new AbortController()
  const call = fixture.tokens.with({ signal })
  const calls = Array.from({ length: 12 }, () => call())
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  await Promise.all(calls)
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})

describe('in a child', () => {
  test('the variables are exactly the allow-list and the keys, also at the top of a module and of its dependency', async () => {
    process.env['LATCHKEY_TEST_PASSED_ON'] = 'x'
    process.env['LATCHKEY_TEST_NOT_PASSED_ON'] = 'x'
    process.env['LC_TEST'] = 'x'
    const allowed = [
      ...['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'NODE_ENV', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
      ...['NO_PROXY', 'LATCHKEY_TEST_PASSED_ON'],
    ]
    const passed = Object.keys(process.env).filter((name) => allowed.includes(name) || name.startsWith('LC_'))
    const expected = [...passed, 'TOKEN', 'USER_NAME'].sort()
    // A scope of its own: the worker must have been started after the variables above were set.
    await store.set('gh', { TOKEN: 'names', USER_NAME: 'names' }, { scope: 'names' })
    expect(await fixture.names.with({ scope: 'names', isolation: 'call' })()).toEqual({
      inCall: expected,
      namesOfModule: expected,
      namesOfDependency: expected,
    })
  })

  test('the values are there before anything is imported', async () => {
    expect(await fixture.tokens()).toMatchObject({ token: TOKEN, tokenOfModule: TOKEN, tokenOfDependency: TOKEN })
  })

  test('a new version of a secret is seen by the next call, in another process', async () => {
    await store.set('gh', { TOKEN: 'old', USER_NAME: 'u' }, { scope: 'rotated' })
    const tokens = fixture.tokens.with({ scope: 'rotated' })
    const before = await tokens()
    await store.set('gh', { TOKEN: 'new', USER_NAME: 'u' }, { scope: 'rotated' })
    const after = await tokens()
    expect([before.token, after.token, after.tokenOfModule]).toEqual(['old', 'new', 'new'])
    expect(after.pid).not.toBe(before.pid)
  })

  test("the schema's output is what the function gets", async () => {
    expect(await fixture.echo({}, 'rest')).toEqual([{ n: 7 }, 'rest'])
    expect(await fixture.echo({ n: '5' })).toEqual([{ n: 5 }])
  })

  test('a store cannot be used', async () => {
    await expect(fixture.usesStore()).rejects.toMatchObject({ code: 'STORE_IN_CHILD' })
  })

  test('a registered function cannot call another, directly or by name', async () => {
    for (const [call, name] of [
      [fixture.outer, 'outer'],
      [fixture.byName, 'by_name'],
    ] as const) {
      await expect(call()).rejects.toMatchObject({
        code: 'NESTED_CALL',
        message: `${name} called the registered function inner: one cannot run another. Share a plain function, or let the host call both.`,
      })
    }
  })
})

test('two scopes that take turns 200 times see only their own values', async () => {
  await store.set('gh', { TOKEN: 'of-a', USER_NAME: 'a' }, { scope: 'a' })
  await store.set('gh', { TOKEN: 'of-b', USER_NAME: 'b' }, { scope: 'b' })
  const [a, b] = [fixture.tokens.with({ scope: 'a' }), fixture.tokens.with({ scope: 'b' })]
  const calls = Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? a() : b()))
  const seen = await Promise.all(calls)
  const wrong = seen.filter(({ token, tokenOfModule }, index) => {
    const own = index % 2 === 0 ? 'of-a' : 'of-b'
    return token !== own || tokenOfModule !== own
  })
  expect(wrong).toEqual([])
  const pids = (of: number) => new Set(seen.filter((_, index) => index % 2 === of).map(({ pid }) => pid))
  expect([...pids(0)].filter((pid) => pids(1).has(pid))).toEqual([])
})

test("the host's environment is the same before, during and after 100 concurrent calls", async () => {
  const before = { ...process.env }
  let during = 0
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      await fixture.tokens()
      expect({ ...process.env }).toEqual(before)
      during++
    }),
  )
  expect(during).toBe(100)
  expect({ ...process.env }).toEqual(before)
})

describe('with()', () => {
  test('partitions never share a process, though they see the same secrets', async () => {
    const one = await fixture.tokens.with({ partition: 'one' })()
    const two = await fixture.tokens.with({ partition: 'two' })()
    expect([one.token, two.token]).toEqual([TOKEN, TOKEN])
    expect(one.pid).not.toBe(two.pid)
  })

  test('isolation call runs each call in a process of its own', async () => {
    const alone = fixture.pid.with({ isolation: 'call' })
    expect(await alone()).not.toBe(await alone())
    expect(await fixture.pid.with({ isolation: 'inline' })()).toBe(process.pid)
  })

  test('timeoutMs ends a call that does not end', async () => {
    await expect(fixture.hangs.with({ timeoutMs: 300 })()).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      function: 'hangs',
      message: 'hangs did not end within 300 ms.',
      hint: expect.stringContaining('Raise timeoutMs') as string,
    })
  })

  test.each<[string, unknown]>([
    ['an error', new Error('mine')],
    ['an object', { any: 'thing' }],
    ['a string', 'given up'],
    ['null', null],
  ])('signal rejects with its own reason: %s', async (_, reason) => {
    const controller = new AbortController()
    const call = rejection(fixture.hangs.with({ signal: controller.signal })())
    setImmediate(() => {
      controller.abort(reason)
    })
    expect(await call).toBe(reason)
    expect(await rejection(fixture.hangs.with({ signal: controller.signal })())).toBe(reason)
  })

  test('signal is left without a listener by calls that have ended', async () => {
    const { signal } = new AbortController()
    const call = fixture.pid.with({ signal })()
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await call
    await rejection(fixture.outer.with({ signal })())
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('what comes back', () => {
  test('of a failure is a CallError, the same as inline, without a value in it', async () => {
    const inChild = await rejection(fixture.fails())
    const inline = await rejection(fixture.fails.with({ isolation: 'inline' })())
    for (const error of [inChild, inline]) {
      expect(error).toBeInstanceOf(CallError)
      expect(isLatchkeyError(error)).toBe(true)
      expect(error).toMatchObject({
        ...{ name: 'RangeError', message: 'bad ***', code: 'E_OWN', header: { '***': '***' } },
        cause: { name: 'TypeError', message: 'cause ***' },
      })
      expect(allTextOf(error)).not.toContain(TOKEN)
    }
    const shape = (error: unknown) => [Object.keys(error as object).sort(), JSON.stringify(error)]
    expect(shape(inChild)).toEqual(shape(inline))
  })

  test('of its output is redacted, line by line', async () => {
    const line = once(output, 'line')
    await fixture.prints()
    expect(await line).toEqual([{ function: 'prints', scope: 'default', stream: 'stderr', line: 'printed ***' }])
  })

  test('of a result is redacted or refused where the registration says so', async () => {
    expect(await fixture.leaks()).toEqual(['***'])
    const error = await rejection(fixture.kept())
    expect(error).toMatchObject({
      code: 'RESULT_REFUSED',
      hint: expect.stringContaining("results: 'redact'") as string,
    })
    expect(allTextOf(error)).not.toContain(TOKEN)
  })

  test('of a result that is no data is NOT_CLONEABLE, and the same process serves the next call', async () => {
    const before = await fixture.pid()
    await expect(fixture.callable()).rejects.toMatchObject({ code: 'NOT_CLONEABLE', function: 'callable' })
    expect(await fixture.pid()).toBe(before)
  })

  test('of a value that no longer fits its definition is INVALID_SECRET_VALUE, before anything runs', async () => {
    await registry.ready()
    expect(await fixture.checked()).toBe('k-1')
    await store.set('typed', { KEY: 'wrong-value-12345' })
    const error = await rejection(fixture.checked())
    expect(error).toMatchObject({ code: 'INVALID_SECRET_VALUE', findings: [{ secret: 'typed', key: 'KEY' }] })
    expect(allTextOf(error)).not.toContain('wrong-value-12345')
  })
})
