import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { memoryStore, type RegisterOptions, type RegistryOptions } from 'latchkey'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { createEntry } from '../../src/registry/entry.ts'
import { registrySettings } from '../../src/registry/options.ts'
import { placeRun } from '../../src/registry/placement.ts'
import { needed } from '../../src/registry/requirement.ts'
import { prepareRun } from '../../src/registry/run.ts'
import type { Secret } from '../../src/secret.ts'
import { mainModules } from '../../src/worker/host-modules.ts'
import { thrownBy } from '../helpers/thrown.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-placement-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const gh: Secret = { name: 'gh', scope: 'default', version: '1', values: { TOKEN: 'token' } }
const db: Secret = { name: 'db', scope: 'default', version: '1', values: { URL: 'url' } }
const needs = [needed('gh'), needed({ name: 'db', optional: true })]

function entryOf(options: RegisterOptions = {}, module = import.meta.url) {
  const fn = (): number => 1
  return createEntry({
    ...{ name: 'f', fn, self: undefined, needs, options, module, origin: '', inputSchema: undefined },
  })
}

/** What was found for the two requirements. */
const found = (...secrets: readonly (Secret | undefined)[]) =>
  needs.map((need, index) => ({ need, scope: 'default', secret: secrets[index] }))

describe('the run of a call', () => {
  const entry = entryOf()
  const runOf = (...secrets: readonly (Secret | undefined)[]) =>
    prepareRun(entry, 'default', undefined, found(...secrets), true)

  test('is made once for the very same secrets, be one of them absent', () => {
    expect(runOf(gh, db)).toBe(runOf(gh, db))
    expect(runOf(gh, undefined)).toBe(runOf(gh, undefined))
    expect(runOf(gh, undefined).variables).toEqual({ TOKEN: 'token' })
    expect(runOf(gh, db).variables).toEqual({ TOKEN: 'token', URL: 'url' })
  })

  test('is another for another function, scope or partition', () => {
    const run = runOf(gh, db)
    const other = entryOf()
    expect(prepareRun(other, 'default', undefined, found(gh, db), true).entry).toBe(other)
    expect(prepareRun(entry, 'acme', undefined, found(gh, db), true).scope).toBe('acme')
    expect(prepareRun(entry, 'default', 'p', found(gh, db), true).partition).toBe('p')
    expect(runOf(gh, db)).toBe(run)
  })

  test.each([
    ['version', { version: 'newer' }, { TOKEN: 'token', URL: 'url' }],
    ['value', { values: { URL: 'newer' } }, { TOKEN: 'token', URL: 'newer' }],
  ])('is another for another %s of any secret', (_, change, variables) => {
    const run = runOf(gh, db)
    const changed = runOf(gh, { ...db, ...change })
    expect(changed).not.toBe(run)
    expect(changed.variables).toEqual(variables)
  })
})

describe('where a call runs', () => {
  const settingsOf = (options: Partial<RegistryOptions> = {}) => registrySettings({ store: memoryStore(), ...options })
  const runOf = (options?: RegisterOptions, module?: string) =>
    prepareRun(entryOf(options, module), 'default', undefined, found(gh, db), true)
  afterEach(() => {
    vi.useRealTimers()
  })

  test('is found once for a run, and is another where the child is to be its own', () => {
    const [run, settings] = [runOf(), settingsOf()]
    const warm = placeRun(run, false, settings)
    expect(placeRun(run, false, settings)).toBe(warm)
    expect(placeRun(run, true, settings).key).not.toBe(warm.key)
  })

  test("is another child when the module's file has changed", () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const path = join(folder, 'module.mjs')
    writeFileSync(path, '1')
    const [run, settings] = [runOf({}, pathToFileURL(path).href), settingsOf()]
    const before = placeRun(run, false, settings)
    vi.advanceTimersByTime(60_000)
    expect(placeRun(run, false, settings)).toBe(before)
    writeFileSync(path, '1 + 1')
    vi.advanceTimersByTime(60_000)
    const after = placeRun(run, false, settings)
    expect(after.key).not.toBe(before.key)
    expect(after.family).toBe(before.family)
  })

  test('is a module that can be told, and that is not the main module of the host', () => {
    const fn = (): number => 1
    const parts = { name: 'f', fn, self: undefined, needs, options: {}, origin: '', inputSchema: undefined }
    const nowhere = createEntry({ ...parts, module: undefined })
    const main = pathToFileURL(mainModules()[0]!).href
    for (const [entry, error] of [
      [
        nowhere,
        {
          code: 'MODULE_UNKNOWN',
          message: 'f: latchkey cannot tell which module registered it.',
          hint: expect.stringContaining('Give register({ module: ') as string,
        },
      ],
      [
        createEntry({ ...parts, module: main }),
        {
          code: 'MAIN_MODULE',
          message: expect.stringContaining(`f is registered in ${main}, the program's main module`) as string,
          hint: expect.stringContaining('Move the function to a module of its own') as string,
        },
      ],
    ] as const) {
      const run = prepareRun(entry, 'default', undefined, found(gh, db), true)
      expect(thrownBy(() => placeRun(run, false, settingsOf()))).toMatchObject(error)
    }
  })

  test("has the registry's permission, or that of the function, which goes before it", () => {
    const write = (path: string) => ({ permission: { write: [path] } })
    const writable = (registry: Partial<RegistryOptions>, own?: RegisterOptions): readonly string[] =>
      placeRun(runOf(own), false, settingsOf(registry)).flags.filter((flag) => flag.startsWith('--allow-fs-write='))
    expect(placeRun(runOf(), false, settingsOf()).flags).toEqual([])
    expect(writable(write('/registry'))).toEqual(['--allow-fs-write=/registry'])
    expect(writable({}, write('/own'))).toEqual(['--allow-fs-write=/own'])
    expect(writable(write('/registry'), write('/own'))).toEqual(['--allow-fs-write=/own'])
  })

  test("has the registry's user, or that of the function, which goes before it; only root may give one", () => {
    const userOf = (registry: Partial<RegistryOptions>, own?: RegisterOptions) =>
      placeRun(runOf(own), false, settingsOf(registry)).user?.uid
    // Windows has no such function.
    const { getuid } = process
    try {
      process.getuid = () => 0
      expect([userOf({}), userOf({ uid: 1001 }), userOf({}, { uid: 1002 })]).toEqual([undefined, 1001, 1002])
      expect(userOf({ uid: 1001 }, { uid: 1002 })).toBe(1002)
      process.getuid = () => 1000
      expect(userOf({})).toBeUndefined()
      expect(thrownBy(() => userOf({ uid: 1001 }))).toMatchObject({ code: 'UNSUPPORTED' })
      expect(thrownBy(() => userOf({}, { uid: 1002 }))).toMatchObject({ code: 'UNSUPPORTED' })
    } finally {
      Object.assign(process, { getuid })
    }
  })
})
