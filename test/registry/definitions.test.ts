import { generateKeyPairSync } from 'node:crypto'
import { createRegistry, defineSecret, memoryStore, type SecretDefinition, type StandardSchema } from 'latchkey'
import { currentCall } from 'latchkey/call'
import { base64, oneOf } from 'latchkey/schemas'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { needed } from '../../src/registry/requirement.ts'
import { requireFit } from '../../src/registry/secrets.ts'
import * as fixture from '../fixtures/registry/defined.mjs'
import { CANARY } from '../helpers/stores.ts'
import { allTextOf, rejection } from '../helpers/thrown.ts'

afterAll(() => fixture.registry.close())

const standard = (validate: (value: unknown) => unknown): StandardSchema => {
  return { '~standard': { version: 1, vendor: 'test', validate: validate as never } }
}
const inline = (initial: Parameters<typeof memoryStore>[0]) => {
  return createRegistry({ store: memoryStore(initial), isolation: 'inline', missing: 'defer' })
}

test('a function gets what the schemas give, in a child of its own definition', async () => {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  // Stored by somebody without the definition, so nothing has mended it.
  await fixture.store.set('signing', { KEY: pem.replaceAll('\n', '\r\n'), MODE: 'test' })
  const [stored, defined] = [await fixture.asStored(), await fixture.asDefined()]
  expect(stored.ends).toEqual(Array(2).fill('"----\\r\\n"'))
  expect(defined.ends).toEqual(Array(2).fill('"-----\\n"'))
  expect(defined.pid).not.toBe(stored.pid)
  // And neither ends the other's: none is a newer version of the other.
  expect((await fixture.asStored()).pid).toBe(stored.pid)
  expect((await fixture.asDefined()).pid).toBe(defined.pid)
  expect(await fixture.prints()).not.toContain(pem.split('\n')[1])
  // Stored by the definition, it is the same for both.
  await fixture.store.set(fixture.signing, { KEY: pem, MODE: 'live' })
  expect((await fixture.asStored()).ends).toEqual(Array(2).fill('"-----\\n"'))
})

test('a secret that its schemas leave as it is stays the very same, also beside one that is absent', async () => {
  const secret = (await memoryStore({ gh: { TOKEN: 't' } }).get('gh'))!
  const found = [
    { need: needed({ name: 'absent', optional: true }), scope: 'default', secret: undefined },
    { need: needed(defineSecret('gh', { TOKEN: z.string() })), scope: 'default', secret },
  ]
  const fit = await requireFit('f', found)
  expect(fit).toEqual(found)
  expect(fit[1]?.secret).toBe(secret)
})

test('a schema that gives something else each time gives it to each call', async () => {
  let calls = 0
  const counts = defineSecret('counts', {
    A: z.string(),
    B: standard((value) => ({ value: `${String(value)}${calls++}` })),
  })
  const f = inline({ counts: { A: 'a', B: 'b' } }).register({ name: 'f', secrets: [counts] })(() => process.env['B'])
  for (let call = 0; call < 20; call++) expect(await f()).toBe(`b${call}`)
})

test('what is stored is masked as well as what a schema has made of it', async () => {
  const cut = defineSecret('cut', { KEY: standard((value) => ({ value: String(value).slice(7) })) })
  const f = inline({ cut: { KEY: `stored-${CANARY}` } }).register({ name: 'f', secrets: [cut], results: 'redact' })(
    (text: string) => [text, process.env['KEY']],
  )
  expect(await f(`stored-${CANARY}`)).toEqual(['***', '***'])
})

test('a schema that never answers holds nothing up once its call has ended', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const mute = defineSecret('mute', { KEY: standard(() => new Promise(() => undefined)) })
    const f = inline({ mute: { KEY: 'k' } }).register({ name: 'f', secrets: [mute], timeoutMs: 100 })(() => 1)
    const failed = rejection(f())
    await vi.advanceTimersByTimeAsync(100)
    expect(await failed).toMatchObject({ code: 'CALL_TIMEOUT' })
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('what a schema gives that is no string is not injected', async () => {
  const port = defineSecret('db', { PORT: z.coerce.number().int(), HOST: z.string().trim() })
  const registry = inline({ db: { PORT: ' 5432 ', HOST: ' a ' } })
  const f = registry.register({ name: 'f', secrets: [port] })(() => [
    process.env['PORT'],
    currentCall(port).secrets.db.HOST,
  ])
  expect(await f()).toEqual([' 5432 ', 'a'])
})

test('what a schema makes of a value can set no variable that a value could not', async () => {
  const odd = defineSecret('odd', { KEY: standard((value) => ({ value: `${String(value)}\0` })) })
  const f = inline({ odd: { KEY: CANARY } }).register({ name: 'f', secrets: [odd] })(() => 1)
  const error = await rejection(f())
  expect(error).toMatchObject({ code: 'INVALID_SECRET_VALUE', findings: [{ key: 'KEY', code: 'invalid_output' }] })
  expect(allTextOf(error)).not.toContain(CANARY)
})

test('a finding of a ready-made schema says what a value must be, in the error and in the report', async () => {
  const key = defineSecret('key', { KEY: base64({ bytes: 32 }) })
  const registry = inline({ key: { KEY: 'AAAA' } })
  const f = registry.register({ name: 'f', secrets: [key] })(() => 1)
  const finding = {
    function: 'f',
    secret: 'key',
    key: 'KEY',
    code: 'wrong_length',
    message: 'must be base64 of 32 bytes',
  }
  expect(await rejection(f())).toMatchObject({
    message: 'f: key KEY of secret key (scope default): wrong_length, must be base64 of 32 bytes',
    findings: [finding],
  })
  expect(await registry.check()).toMatchObject({ ok: false, invalid: [finding] })
})

describe('currentCall with a definition', () => {
  const gh = defineSecret('gh', { TOKEN: z.string(), MODE: oneOf(['test', 'live']) })
  const asking = (secrets: Record<string, string>, ...asked: readonly SecretDefinition[]) => {
    const registry = inline({ gh: secrets })
    return registry.register({ name: 'f', secrets: [{ name: gh, optionalKeys: ['MODE'] }] })(() => {
      return { ...currentCall(...asked).secrets['gh'] }
    })
  }

  test('gives its secrets, if it was given every key', async () => {
    const values = { TOKEN: 't', MODE: 'live' }
    expect(await asking(values, gh)()).toEqual(values)
  })

  test('says which key the call was not given, where its type would say that it is there', async () => {
    const error = await rejection(asking({ TOKEN: CANARY }, gh)())
    expect(error).toMatchObject({ message: 'f was not given the key MODE of secret gh.' })
    expect(allTextOf(error)).not.toContain(CANARY)
  })

  test('is not needed to read what may be absent', async () => {
    expect(await asking({ TOKEN: 't' })()).toEqual({ TOKEN: 't' })
  })
})

describe('a secret that is required of two scopes', () => {
  test.each(['warm', 'inline'] as const)(
    'has the variables of both, and currentCall gives neither for the other, %s',
    async (isolation) => {
      await fixture.store.set('shared', { TOKEN: 'of-the-tenant' }, { scope: 'tenant' })
      await fixture.store.set('shared', { TOKEN: 'of-the-platform' }, { scope: 'platform' })
      for (const scopes of [fixture.scopes, fixture.scopesTurned]) {
        expect(await scopes.with({ scope: 'tenant', isolation })()).toEqual({
          environment: ['of-the-tenant', 'of-the-platform'],
          given: [],
          code: 'NO_CURRENT_CALL',
          message: expect.stringMatching(/secret shared, .* more than one scope: read .* process\.env/) as string,
        })
      }
      // Of one scope it is one secret.
      expect(await fixture.scopes.with({ scope: 'platform', isolation })()).toEqual({
        environment: ['of-the-platform', 'of-the-platform'],
        given: ['shared'],
      })
    },
  )
})

describe('a schema that never answers', () => {
  const hangs = defineSecret('hangs', { KEY: standard(() => new Promise(() => undefined)) })
  afterEach(() => vi.useRealTimers())

  test('has refused after ten seconds, in ready(), check() and a call', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const registry = inline({ hangs: { KEY: CANARY } })
    const f = registry.register({ name: 'f', secrets: [hangs] })(() => 1)
    const all = [rejection(registry.ready()), registry.check(), rejection(f())]
    await vi.advanceTimersByTimeAsync(10_000)
    const finding = { key: 'KEY', code: 'schema_timeout' }
    expect(await all[0]).toMatchObject({ code: 'INVALID_SECRET_VALUE', findings: [finding] })
    expect(await all[1]).toMatchObject({ ok: false, invalid: [finding] })
    expect(await all[2]).toMatchObject({ code: 'INVALID_SECRET_VALUE', findings: [finding] })
  })

  test('does not keep a call from ending in time, or by its signal', async () => {
    const f = inline({ hangs: { KEY: CANARY } }).register({ name: 'f', secrets: [hangs] })(() => 1)
    await expect(f.with({ timeoutMs: 20 })()).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    const controller = new AbortController()
    const call = rejection(f.with({ signal: controller.signal })())
    controller.abort(CANARY)
    expect(await call).toBe(CANARY)
  })
})

test('what schemas make of a secret is remembered, of 16 forms at most: one that never gives the same fills no memory', async () => {
  const secret = (await memoryStore({ gh: { TOKEN: 't' } }).get('gh'))!
  let form = 0
  const need = needed(defineSecret('gh', { TOKEN: standard(() => ({ value: `form ${form}` })) }))
  const made = async (number: number) => {
    form = number
    const [found] = await requireFit('f', [{ need, scope: 'default', secret }])
    return found?.secret
  }
  const first = await made(0)
  expect(first).toMatchObject({ values: { TOKEN: 'form 0' } })
  for (let number = 1; number < 16; number++) await made(number)
  expect(await made(0)).toBe(first)
  await made(16)
  const again = await made(0)
  expect(again).toEqual(first)
  expect(again).not.toBe(first)
})
