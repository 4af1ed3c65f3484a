import { isDeepStrictEqual, stripVTControlCharacters } from 'node:util'
import { createRegistry, memoryStore } from 'latchkey'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import * as paths from '../fixtures/testing/paths.mjs'
import { until } from '../helpers/processes.ts'
import { rejection, allTextOf } from '../helpers/thrown.ts'

const { lines, registry, store } = paths
const TOKEN = 'tok-"quoted"/+é%-0123456789'
const FORMS = [TOKEN, JSON.stringify(TOKEN).slice(1, -1), encodeURIComponent(TOKEN), '0123456789']
const text = () => lines.map(({ line }) => line).join('\n')

beforeEach(() => {
  lines.length = 0
})
afterAll(() => registry.close())

async function scoped(scope: string, token = TOKEN): Promise<{ scope: string }> {
  await store.set('api', { TOKEN: token, PLAIN: 'plain-user-name' }, { scope })
  return { scope }
}

describe("a child's output", () => {
  test('is masked on stdout and stderr, in each form, and warnings of Node are output too', async () => {
    await paths.succeeds.with(await scoped('output'))()
    await until(() => lines.length >= 7)
    expect(text()).toContain('{"TOKEN":"***"}')
    expect(text()).toMatch(/Warning: \*\*\*/)
    expect(new Set(lines.map(({ stream }) => stream))).toEqual(new Set(['stdout', 'stderr']))
    for (const form of FORMS) expect(text().includes(form)).toBe(false)
  })

  test("keeps the values of a requirement's plain keys", async () => {
    await paths.printsPlain.with(await scoped('plain'))()
    await until(() => lines.length >= 1)
    expect(text()).toBe('plain-user-name')
  })

  test('a line of more than 1 Mi characters is withheld as a whole, and the next line is passed on', async () => {
    await paths.printsLong.with(await scoped('long'))(600_000)
    await until(() => lines.length >= 2)
    expect(lines.map(({ line }) => line)).toEqual(['[a line of more than 1 Mi characters was withheld]', 'after'])
  })

  test('a line of nearly 1 Mi characters is masked, wherever in it the value stands', async () => {
    await paths.printsLong.with(await scoped('nearly'))(340_000)
    await until(() => lines.length >= 2)
    expect(lines[0]?.line).toBe(`${'x'.repeat(340_000)}***${'y'.repeat(680_000)}`)
  })

  test.each([
    ['in one write', '\n', true],
    ['in a write for each line', '\n', false],
    ['indented', '\n    ', false],
    ['with colours at the line ends', '\u001B[0m\n\u001B[2m', false],
  ])('is masked where a form goes over many lines, %s', async (_how, between, atOnce) => {
    const options = await scoped('broken')
    await paths.printsBroken.with(options)(20, between, atOnce)
    await until(() => lines.some(({ line }) => line === 'after'))
    const [before, ...broken] = lines.map(({ line }) => line).slice(0, -1)
    expect(before).toBe('before')
    expect(broken.length).toBeGreaterThan(1)
    // The colours and the indentation are no part of it, nor is the form of what stands before the value.
    for (const line of broken) expect(stripVTControlCharacters(line)).toMatch(/^ *(dXNlcj)?\*{3}$/)
  })

  test('that ends as a value begins waits for the end of the call, and is passed on then', async () => {
    await paths.printsBeginning.with(await scoped('beginning'))(9, false)
    await until(() => lines.length >= 2)
    expect(text()).toBe(`before\nbegins ${TOKEN.slice(0, 9)}`)
  })

  test('that ends as a value begins is passed on when the call is given up', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const call = rejection(paths.printsBeginning.with({ ...(await scoped('given-up')), signal })(9, true))
    await until(() => lines.length >= 1)
    expect(text()).toBe('before')
    controller.abort(new Error('given up'))
    expect(await call).toMatchObject({ message: 'given up' })
    await until(() => lines.length >= 2)
    expect(text()).toBe(`before\nbegins ${TOKEN.slice(0, 9)}`)
  })

  test('of a process that still holds the old value of a rotated secret is masked by that value', async () => {
    const options = await scoped('rotated', 'the-old-value-0123456789')
    const controller = new AbortController()
    const old = rejection(paths.hangs.with({ ...options, signal: controller.signal })())
    await until(() => lines.length >= 1)
    await scoped('rotated', 'the-new-value-9876543210')
    await paths.succeeds.with(options)()
    // The old process is ended only now; what it still has to say is its own.
    controller.abort('enough')
    expect(await old).toBe('enough')
    await until(() => lines.length >= 8)
    expect(text()).not.toMatch(/old-value|new-value/)
    expect(lines[0]?.line).toBe('***')
  })
})

test('late output of a process that was given a rotated secret is masked by its own values', async () => {
  const options = await scoped('late', 'the-old-value-0123456789')
  await paths.printsLate.with(options)()
  await scoped('late', 'the-new-value-9876543210')
  await until(() => lines.some(({ line }) => line.startsWith('late')))
  expect(lines.map(({ line }) => line)).toEqual(['late ***'])
})

describe('an error from a child', () => {
  test('is masked in message, stack, code, keys, cause and nested data', async () => {
    const error = await rejection(paths.fails.with(await scoped('error'))())
    const shown = allTextOf(error)
    expect(error).toMatchObject({ name: 'TypeError', message: 'message ***', code: '***' })
    for (const form of FORMS) expect(shown.includes(form)).toBe(false)
  })

  test('is masked where the module fails on import', async () => {
    const error = await rejection(paths.throwsAtImport.with(await scoped('import'))())
    expect(error).toMatchObject({ code: 'MODULE_FAILED', cause: { message: 'at import ***' } })
    expect(allTextOf(error).includes('0123456789')).toBe(false)
  })
})

describe('a result', () => {
  test('passes unchanged by default: it is the function’s own', async () => {
    expect(await paths.returnsIt.with(await scoped('pass'))()).toBe(TOKEN)
  })

  test("is masked with results: 'redact', keys too, and kept back with 'refuse'", async () => {
    const options = await scoped('results')
    expect(await paths.redacted.with(options)()).toEqual({ '***': ['***', '{"TOKEN":"***"}', '***', 'dXNlcj***'] })
    expect(await rejection(paths.refused.with(options)())).toMatchObject({ code: 'RESULT_REFUSED' })
  })
})

test.each(['pass', 'redact', 'refuse'] as const)(
  'a result without a value is what it was, with results: %s',
  async (results) => {
    const own = createRegistry({ store: memoryStore({ api: { TOKEN } }), isolation: 'inline' })
    const made = () => ({
      data: [1, -0, NaN, 10n, true, null, undefined, 'text', new Date(0), /x/gi, Object('boxed')] as unknown[],
      bytes: [Buffer.from('bytes'), new Uint16Array([1, 2]), new DataView(new ArrayBuffer(3)), new ArrayBuffer(2)],
      sets: [new Map<unknown, unknown>([['a', new Set([1])]]), new Error('m', { cause: 1 })],
    })
    const call = own.register({ name: 'f', secrets: ['api'], results })(made)
    const [expected, result] = [made(), await call()]
    expect(isDeepStrictEqual(result.data, expected.data)).toBe(true)
    expect(isDeepStrictEqual(result.bytes, expected.bytes)).toBe(true)
    expect(result.sets).toEqual(expected.sets)
  },
)

test('redact: false passes output and errors on as they are', async () => {
  const plain: string[] = []
  const other = createRegistry({
    store,
    missing: 'defer',
    redact: false,
    onLog: ({ line }) => plain.push(line),
  })
  const module = new URL('../fixtures/testing/paths.mjs', import.meta.url)
  const { scope } = await scoped('unredacted')
  const call = other.register({ name: 'succeeds', secrets: ['api'], module })(() => Promise.resolve())
  await call.with({ scope })()
  await until(() => plain.length >= 1)
  expect(plain[0]).toBe(TOKEN)
  await other.close()
})
