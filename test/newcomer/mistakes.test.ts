/** What a newcomer gets wrong in the first hour, as programs in a folder of their own: each is told what to do next. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import { linkPackages, temporaryFolder } from '../helpers/packed-package.ts'
import type { Ran } from '../helpers/packed-package.ts'

const VALUE = 'made-up-github-token'
const { folder, remove } = temporaryFolder()
/** A store with its key beside it, holding one key of one secret. */
const stored = join(folder, 'stored')

beforeAll(async () => {
  linkPackages(folder)
  mkdirSync(stored)
  await using store = fileStore({ path: join(stored, 'secrets.latchkey') })
  await store.create({ makeKeyFile: true })
  await store.set('my_github_secret', { GH_ACCESS_TOKEN: VALUE })
})
afterAll(remove)

const INTEGRATIONS = `
import { createRegistry, fileStore } from 'latchkey'
export const store = fileStore()
export const registry = createRegistry({ store })
export const whoAmI = registry.register({ name: 'who_am_i', secrets: ['my_github_secret'] })(async () => 'octocat')
`
const MAIN = `
import { registry, whoAmI } from './integrations.js'
await registry.ready()
console.log(await whoAmI())
await registry.close()
`

interface Program {
  readonly integrations?: string
  readonly main?: string
  readonly env?: Readonly<Record<string, string>>
  /** Without the store, or without its key. */
  readonly without?: 'store' | 'key'
}

let programs = 0

/** Runs a program in a folder that has a store, as far as it has not been left out. */
async function runs({ integrations = INTEGRATIONS, main = MAIN, env = {}, without }: Program): Promise<Ran> {
  const cwd = join(folder, `program-${(programs += 1)}`)
  mkdirSync(cwd)
  if (without !== 'store') cpSync(stored, cwd, { recursive: true })
  if (without === 'key') rmSync(join(cwd, 'secrets.latchkey.key'))
  writeFileSync(join(cwd, 'integrations.js'), integrations)
  writeFileSync(join(cwd, 'main.js'), main)
  const { PATH } = process.env
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['main.js'], { cwd, env: { PATH, ...env } }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr })
    })
  })
}

const key = (): string => readFileSync(join(stored, 'secrets.latchkey.key'), 'utf8').trim()
const withStore = (call: string): string => INTEGRATIONS.replace('fileStore()', call)

test('the program that is right runs', async () => {
  expect(await runs({})).toEqual({ code: 0, stdout: 'octocat\n', stderr: '' })
})

test.each<[string, () => Program, string, string]>([
  ['no store and no key', () => ({ without: 'store' }), 'KEY_MISSING', '"npx latchkey init" makes a key and a store'],
  [
    'a store without its key, as after a clone',
    () => ({ without: 'key' }),
    'KEY_MISSING',
    'Give the key that the store was made with: as LATCHKEY_KEY',
  ],
  [
    'the path of the key where the key belongs',
    () => ({ env: { LATCHKEY_KEY: './secrets.latchkey.key' } }),
    'KEY_FORMAT',
    'The path of a key file is given as LATCHKEY_KEY_FILE',
  ],
  [
    'a path of the store in a folder that is not there',
    () => ({ integrations: withStore("fileStore({ path: 'config/secrets.latchkey' })") }),
    'UNAVAILABLE',
    'Make it, or correct the path.',
  ],
  [
    'a path of the store where there is none',
    () => ({
      integrations: withStore("fileStore({ path: 'secret.latchkey' })"),
      env: { LATCHKEY_KEY: key() },
    }),
    'MISSING_SECRETS',
    "look at the store's path",
  ],
  [
    'a folder as the path of the store',
    () => ({ integrations: withStore("fileStore({ path: '.' })") }),
    'INVALID',
    'Give the path of the store file itself.',
  ],
  [
    'the path of the store without its option',
    () => ({ integrations: withStore("fileStore('secrets.latchkey')") }),
    'INVALID_OPTION',
    'fileStore: the options must be an object, e.g. { path: … }.',
  ],
  [
    'a secret that was not created',
    () => ({ integrations: INTEGRATIONS.replace("['my_github_secret']", "['my_datadog_secret']") }),
    'MISSING_SECRETS',
    'npx latchkey set my_datadog_secret KEY)',
  ],
  [
    'a key that the secret does not have, in another scope',
    () => ({
      integrations: INTEGRATIONS.replace(
        "['my_github_secret']",
        "[{ name: 'my_github_secret', keys: ['GH_USERNAME'], scope: 'acme' }]",
      ),
    }),
    'MISSING_SECRETS',
    'npx latchkey set my_github_secret KEY --scope acme)',
  ],
  [
    'a function in the main file',
    () => ({ main: `${INTEGRATIONS}\nawait whoAmI()` }),
    'MAIN_MODULE',
    'Move the function to a module of its own',
  ],
  [
    'a package that is not installed, imported where only a child comes',
    () => ({
      integrations: INTEGRATIONS + "if (process.env.GH_ACCESS_TOKEN) await import('octokitt')",
    }),
    'MODULE_FAILED',
    'Install the package, or correct the path',
  ],
  [
    'a function that ends its process',
    () => ({ integrations: INTEGRATIONS.replace("'octocat'", 'process.exit(0)') }),
    'WORKER_CRASHED',
    'Look for process.exit',
  ],
  [
    'a store that is used in a function',
    () => ({ integrations: INTEGRATIONS.replace("'octocat'", "store.get('my_github_secret')") }),
    'STORE_IN_CHILD',
    'declare the secret in register({ secrets: […] }), and read its keys from process.env',
  ],
  [
    'a name of an option that is mistyped',
    () => ({ integrations: INTEGRATIONS.replace('{ store }', '{ stores: store }') }),
    'UNKNOWN_OPTION',
    'it has store, scope, ',
  ],
  [
    'a registration without the function',
    () => ({ integrations: INTEGRATIONS.replace("(async () => 'octocat')", '') }),
    'INVALID_OPTION',
    'register(…) takes the function to register: register({ … })(fn).',
  ],
])('%s: the error says what to do next', async (_, program, code, advice) => {
  const { code: exitCode, stderr } = await runs(program())
  expect(stderr).toContain(`code: '${code}'`)
  // Node puts long texts of an error into quotes, and escapes those inside.
  expect(stderr.replaceAll(/\\(['"])/g, '$1')).toContain(advice)
  expect(stderr).not.toContain(VALUE)
  expect(exitCode).toBe(1)
})

describe('calls and templates', () => {
  const tries: Readonly<Record<string, [code: string, advice: string]>> = {
    "registry.call('who_am', [])": ['UNKNOWN_FUNCTION', 'registry.functions() lists what is there'],
    "registry.call('who_am_i', 'hello')": ['INVALID_OPTION', 'call(name, [argument])'],
    "whoAmI.with('acme')()": ['INVALID_OPTION', 'with takes an object of options, e.g. { scope: … }.'],
    "whoAmI.with({ scope: 'acme' })()": ['MISSING_SECRETS', 'npx latchkey set my_github_secret KEY --scope acme)'],
    'whoAmI(() => 1)': ['NOT_CLONEABLE', 'Pass data only'],
    'fill("{{ SECRETS.my_gihub_secret.GH_ACCESS_TOKEN }}")': ['SECRET_NOT_FOUND', 'correct the name or the scope'],
    'fill("{{ SECRETS.my_github_secret.GH_TOKEN }}")': ['KEY_NOT_FOUND', 'correct it, or add the key'],
    'fill("{{ secrets.my_github_secret.GH_ACCESS_TOKEN }}")': ['UNKNOWN_NAMESPACE', 'Did you mean SECRETS?'],
    'fill("{{ SECRETS.my_github_secret.GH_ACCESS_TOKEN }")': ['UNCLOSED_TAG', 'add }}'],
    'fill("${{ SECRETS.my_github_secret.GH_ACCESS_TOKEN }}")': ['AMBIGUOUS_DOLLAR', 'by the option syntax'],
    'fill("{{ SECRETS.my_github_secret }}", {}, { flat: "error" })': ['FLAT_REFERENCE', 'write SECRETS.name.KEY'],
    'resolveTemplate("{{ SECRETS.a.B }}", store)': ['INVALID_OPTION', '{ SECRETS: store }'],
    "memory.set('GH_TOKEN', 'made-up-github-token')": ['INVALID', "e.g. { API_TOKEN: '…' }"],
    'registry.close().then(() => whoAmI())': ['REGISTRY_CLOSED', 'when the last call has settled'],
  }
  const main = `
import { memoryStore } from 'latchkey'
import { resolveTemplate } from 'latchkey/template'
import { registry, store, whoAmI } from './integrations.js'
const memory = memoryStore()
const fill = (template, contexts, options) => resolveTemplate(template, { SECRETS: store, ...contexts }, options)
const tries = [${Object.keys(tries)
    .map((text) => `async () => ${text}`)
    .join(',\n')}]
for (const attempt of tries) {
  const { code, message, hint = '' } = await attempt().catch((error) => error)
  console.log(JSON.stringify([code, message + ' ' + hint]))
}
`
  let answers: [code: string, text: string][]
  beforeAll(async () => {
    const { stdout, stderr } = await runs({ main })
    expect(stderr).toBe('')
    answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as [string, string])
  })

  test.each(Object.entries(tries).map(([text, expected], index) => [text, index, ...expected] as const))(
    '%s: the error says what to do next',
    (_, index, code, advice) => {
      expect(answers[index]?.[0]).toBe(code)
      expect(answers[index]?.[1]).toContain(advice)
      expect(answers[index]?.[1]).not.toContain(VALUE)
    },
  )
})
