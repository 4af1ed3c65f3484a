import { readFileSync, writeFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { cliFolderWithStore, storeOf, valuesOf } from '../helpers/run-cli.ts'
import type { CliFolder, Session } from '../helpers/run-cli.ts'

const PACKAGE = new URL('../../dist/index.js', import.meta.url).href
const VALUE = 'correct-horse-battery'
const LONG = `a_name_of_${'x'.repeat(50)}`
const ABOUT = '日本語の説明 that goes on and on, with 🔑 in it, until no terminal of 40 columns could hold it'
const MODULE = `
import { createRegistry, fileStore } from '${PACKAGE}'
const registry = createRegistry({ store: fileStore() })
export const one = registry.register({ name: 'one_of_the_functions', secrets: ['app', '${LONG}', 'absent_from_the_store'] })(() => 1)
`

async function folderWithSecrets(): Promise<CliFolder> {
  const folder = await cliFolderWithStore({ app: { K: VALUE }, [LONG]: { A_LONG_KEY_OF_IT: VALUE, OTHER: VALUE } })
  await using store = storeOf(folder)
  await store.set('app', { L: VALUE }, { mode: 'merge', description: ABOUT })
  writeFileSync(folder.at('module.mjs'), MODULE)
  writeFileSync(folder.at('template.yaml'), 'pass: "{{ SECRETS.app.K }}"\n')
  return folder
}

/** Each command that asks nothing and shows no value, and how it ends. */
const COMMANDS: readonly (readonly [string, number])[] = [
  ['latchkey show app', 0],
  [`latchkey history ${LONG}`, 0],
  ['latchkey unset app L', 0],
  ['latchkey rollback app nonsense', 1],
  ['latchkey rollback app "$(latchkey history app | tail -n 1 | cut -f 1)"', 0],
  ['latchkey export app --reveal -o out.env', 0],
  ['latchkey inject -i template.yaml -o out.yaml', 0],
  ['latchkey manifest module.mjs', 0],
  ['latchkey manifest module.mjs --scope default', 0],
  ['latchkey check module.mjs', 1],
  ['latchkey rotate-key', 0],
  ['latchkey recipients add --new-key-file other.key', 0],
  ['latchkey recipients list', 0],
  ['latchkey recipients', 2],
  ['latchkey rotate-key --key-file secrets.latchkey.key --key-file other.key --new-key-file next.key', 0],
  ['latchkey list', 1],
  ['latchkey doctor', 1],
  ['latchkey doctor --key-file next.key', 0],
  ['latchkey passphrase --key-file next.key', 1],
  ['latchkey recipients rm nonsense --key-file next.key', 1],
  ['latchkey help rotate-key', 0],
  ['latchkey', 2],
]

/** What is on the screen beyond a width, other than a single word that cannot be broken. */
function tooWide({ parts }: Session, columns: number): string[] {
  const lines = parts.flatMap(({ screen }) => screen.split(/\r\n|\r/).map(stripVTControlCharacters))
  return lines.filter((line) => {
    const cell = line.split(/ {2,}/).at(-1) ?? ''
    // An example of help is there to be copied.
    return stringWidth(line) > columns && /\S \S/.test(cell.replace(/^[A-Z]+ /, '')) && !line.startsWith('  latchkey ')
  })
}

test.each([
  ['80 columns', 80, {}],
  ['40 columns, with NO_COLOR and no UTF-8', 40, { LC_ALL: 'C', NO_COLOR: '1' }],
  ['40 columns that is dumb', 40, { TERM: 'dumb' }],
])('on a terminal of %s every command keeps to its width and shows no value', async (_, columns, env) => {
  const folder = await folderWithSecrets()
  const session = await folder.session(
    COMMANDS.map(([line]) => line),
    { columns, env },
  )
  expect(session.restored).toBe(true)
  expect(session.parts.map(({ line, code }) => [line, code])).toEqual(COMMANDS)
  expect(tooWide(session, columns)).toEqual([])
  expect(session.screen).not.toContain(VALUE)
  // Of its own it uses ASCII; what is not comes from a description.
  const foreign = session.screen.match(/[^\0-~]/gu) ?? []
  expect(foreign.filter((char) => !ABOUT.includes(char))).toEqual([])
  // NO_COLOR is not against a progress line, which is drawn over itself; a dumb terminal cannot do that.
  const drawn = 'TERM' in env ? session.screen : session.screen.replaceAll('\r\x1b[K', '')
  expect(drawn.includes('\x1b')).toBe(columns === 80)
  expect(await valuesOf(folder, 'app').catch((error: unknown) => error)).toMatchObject({ code: 'KEY_WRONG' })
  expect(folder.read('out.yaml')).toBe(`pass: "${VALUE}"\n`)
})

test('what a command tells of a failure, whole, stands in the last column, in as many lines as it needs', async () => {
  const folder = await folderWithSecrets()
  const { parts } = await folder.session(
    ['latchkey manifest module.mjs --scope default', 'latchkey check module.mjs'],
    {
      columns: 100,
    },
  )
  const [manifest, check] = parts.map(({ screen }) => screen.replace(/\s+/g, ' '))
  expect(manifest).toContain('default absent_from_the_store is missing, for one_of_the_functions')
  expect(check).toContain('absent_from_the_store')
  for (const { screen } of parts) expect(screen).not.toContain('...')
})

test('a terminal that is made narrow at a question has what comes after it as wide as it is then', async () => {
  const folder = await folderWithSecrets()
  const { screen, code } = await folder.onTerminal(
    ['set', LONG, 'NEW'],
    [
      ['(not shown): ', 40],
      ['', 'value\r'],
    ],
    120,
  )
  const [, answer = ''] = screen.split('\r\n\x1b[?2004l')
  expect({ code, version: answer.replace(/\s+/g, ' ').includes('(scope default, version') }).toEqual({
    code: 0,
    version: true,
  })
  for (const line of answer.split('\r\n')) if (/\S\s\S/.test(line)) expect(line.length).toBeLessThanOrEqual(40)
})

test('on a terminal, get and export show values only where --reveal asks for them, as they are', async () => {
  const folder = await folderWithSecrets()
  const value = `a long value, ${'that no terminal breaks between its words, '.repeat(4)}`.trim()
  await using store = storeOf(folder)
  await store.set('wide', { K: value })
  const { parts, restored } = await folder.session(
    ['latchkey get wide K', 'latchkey export wide', 'latchkey get wide K --reveal', 'latchkey export wide --reveal'],
    { columns: 40 },
  )
  expect(restored).toBe(true)
  expect(parts.map(({ code }) => code)).toEqual([2, 2, 0, 0])
  expect(parts.map(({ screen }) => screen.includes(value))).toEqual([false, false, true, true])
})

test('completion prints the script of each shell, which names every command', async () => {
  const folder = await folderWithSecrets()
  const { parts, restored } = await folder.session(
    ['bash', 'zsh', 'fish'].map((shell) => `latchkey completion ${shell}`),
    { columns: 40 },
  )
  expect(restored).toBe(true)
  for (const { code, screen } of parts) {
    expect(code).toBe(0)
    for (const name of ['rotate-key', 'recipients', 'help']) expect(screen).toContain(name)
  }
})

test('a rotation of thousands shows how far it is, on a line that stays one, and takes it away', async () => {
  const folder = await cliFolderWithStore()
  const many = Object.fromEntries(Array.from({ length: 6_000 }, (_, n) => [`many_${n}`, { KEY: VALUE }]))
  writeFileSync(folder.at('many.json'), JSON.stringify(many))
  expect(await folder.run(['import', 'many.json'])).toMatchObject({ code: 0 })
  const before = readFileSync(folder.at('secrets.latchkey'), 'utf8')
  const { parts } = await folder.session(['latchkey rotate-key', 'TERM=dumb latchkey rotate-key'], { columns: 40 })
  const [shown = '', dumb = ''] = parts.map(({ screen }) => screen)
  expect(parts.map(({ code }) => code)).toEqual([0, 0])
  const [, ...drawn] = shown.split('\r\x1b[K')
  expect(drawn.pop()).toBe('Every secret is sealed with a new data\r\nkey.\r\n')
  expect(drawn.length).toBeGreaterThan(0)
  for (const line of drawn) {
    expect(line).toMatch(/^Sealing again \d+\/6000 \[#*-*\]$/)
    expect(line.length).toBeLessThan(40)
  }
  expect(dumb).not.toContain('Sealing again')
  expect(shown).not.toContain(VALUE)
  expect(readFileSync(folder.at('secrets.latchkey'), 'utf8')).not.toBe(before)
})
