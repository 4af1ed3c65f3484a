import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cliFolderWithStore, failureOf, storeOf, valuesOf } from '../helpers/run-cli.ts'
import type { CliFolder, Ended } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'

function write(folder: CliFolder, name: string, text: string): void {
  writeFileSync(folder.at(name), text, { mode: 0o644 })
}

const failed = (ended: Ended) => failureOf(ended, VALUE)

test('a dotenv file becomes one secret, from a file and from stdin, and exports to the same', async () => {
  const folder = await cliFolderWithStore()
  write(folder, '.env', `# comment\nexport A='it is'\nB="two\\nlines"\nC=\n`)
  expect(await folder.run(['import', '.env', 'app'])).toEqual({
    code: 0,
    stdout: 'created   app: A, B, C\n1 secret: 1 created.\n',
    stderr: '',
  })
  expect(await valuesOf(folder, 'app')).toEqual({ A: 'it is', B: 'two\nlines', C: '' })
  const { stdout } = await folder.run(['export', 'app', '--reveal'])
  expect(await folder.run(['import', '-', 'copy'], { stdin: stdout })).toMatchObject({ code: 0 })
  expect(await valuesOf(folder, 'copy')).toEqual(await valuesOf(folder, 'app'))
})

test('what export writes of all scopes, import reads again with scopes and descriptions', async () => {
  const folder = await cliFolderWithStore()
  await using store = storeOf(folder)
  await store.set('a', { K: VALUE }, { description: 'about a' })
  await store.set('b', { K: '🔑\u0000'.slice(0, 2) }, { scope: 'acme/production' })
  const exported = await folder.run(['export', '--all-scopes', '--reveal', '-o', 'all.json'])
  expect(exported).toMatchObject({ code: 0, stdout: '' })
  expect(folder.mode('all.json')).toBe('600')
  await store.delete('a')
  await store.delete('b', { scope: 'acme/production' })
  const { stdout } = await folder.run(['import', 'all.json', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ dryRun: false, create: 2 })
  expect(await store.get('a')).toMatchObject({ values: { K: VALUE }, description: 'about a' })
  expect(await valuesOf(folder, 'b', 'acme/production')).toEqual({ K: '🔑' })
})

test('what is there with other values stops an import before anything is written, unless it says what to do', async () => {
  const folder = await cliFolderWithStore({ same: { K: '1' }, other: { K: '1', OLD: '0' } })
  write(folder, 'in.json', JSON.stringify({ same: { K: '1' }, other: { K: '2' }, fresh: { K: '3' } }))
  expect(failed(await folder.run(['import', 'in.json']))).toEqual([1, 'CONFLICT'])
  expect(await valuesOf(folder, 'fresh')).toBeUndefined()

  const dry = await folder.run(['import', 'in.json', '--on-conflict', 'merge', '--dry-run'])
  expect(dry.stdout).toBe(
    'unchanged same: K\nmerge     other: K\ncreate    fresh: K\n3 secrets: 1 unchanged, 1 merge, 1 create.\n',
  )
  expect(await valuesOf(folder, 'fresh')).toBeUndefined()

  await folder.run(['import', 'in.json', '--on-conflict', 'skip'])
  expect([await valuesOf(folder, 'other'), await valuesOf(folder, 'fresh')]).toEqual([{ K: '1', OLD: '0' }, { K: '3' }])
  await folder.run(['import', 'in.json', '--on-conflict', 'merge'])
  expect(await valuesOf(folder, 'other')).toEqual({ K: '2', OLD: '0' })
  write(folder, 'in.json', JSON.stringify({ other: { K: '4' } }))
  await folder.run(['import', 'in.json', '--on-conflict', 'replace'])
  expect(await valuesOf(folder, 'other')).toEqual({ K: '4' })
  expect(failed(await folder.run(['import', 'in.json', '--on-conflict', 'both']))).toEqual([2, 'USAGE'])
})

test('what cannot be imported is told by line or name, without its text, and changes nothing', async () => {
  const folder = await cliFolderWithStore()
  const texts: [string, string, RegExp][] = [
    ['x.env', `A=1\n${VALUE}\n`, /Line 2 of the dotenv text is no NAME=value/],
    ['x.env', `A=1\n\nA=${VALUE}\n`, /Line 3 .* second time/],
    ['x.env', `A='${VALUE}\n`, /Line 1 .* quote that does not end/],
    ['x.env', `a.b=${VALUE}\n`, /that is no key/],
    ['x.env', '# nothing\n', /holds no NAME=value/],
    ['x.json', `{"K": "${VALUE}"`, /is no JSON/],
    ['x.json', `{"K": 12345678901234567890}`, /The value of K of app is not a string/],
    ['x.json', `{"K": "${VALUE}", "K": "b"}`, /a member of an object twice/],
    ['x.json', `["${VALUE}"]`, /no object of keys and values/],
  ]
  for (const [name, text, message] of texts) {
    write(folder, name, text)
    const ended = await folder.run(['import', name, 'app'])
    expect(failed(ended)).toEqual([1, 'INVALID'])
    expect(ended.stderr).toMatch(message)
  }
  expect(failed(await folder.run(['import', 'absent', 'app']))).toEqual([1, 'NOT_FOUND'])
  expect(failed(await folder.run(['import', 'x.env']))).toEqual([2, 'USAGE'])
  expect(failed(await folder.run(['import', '-', 'app'], { stdin: null }))).toEqual([1, 'NO_VALUE'])
  expect(failed(await folder.run(['import', '.', 'app']))).toEqual([1, 'INVALID'])
  expect(await valuesOf(folder, 'app')).toBeUndefined()
})

test('what no store can hold stops an import before anything is written, and is told by --dry-run', async () => {
  const folder = await cliFolderWithStore({
    full: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`K${i}`, ''])),
  })
  const first = { first: { K: VALUE } }
  for (const [secrets, code, message] of [
    [{ ...first, last: { K: `${VALUE}\0` } }, 'INVALID', /last .*the value of K must be .* without NUL/],
    [{ ...first, last: { K: VALUE, L: 'x'.repeat(1024 * 1024) } }, 'TOO_LARGE', /last .*larger than 1 MiB/],
    [{ ...first, full: { MORE: VALUE } }, 'INVALID', /full .*at most 100 keys/],
  ] as const) {
    write(folder, 'in.json', JSON.stringify(secrets))
    for (const flags of [['--dry-run'], []]) {
      const ended = await folder.run(['import', 'in.json', '--on-conflict', 'merge', ...flags])
      expect(failed(ended)).toEqual([1, code])
      expect(ended.stderr).toMatch(message)
    }
  }
  expect(await valuesOf(folder, 'first')).toBeUndefined()
})

test('export needs --reveal, writes over nothing unless it is forced, and follows no link', async () => {
  const folder = await cliFolderWithStore({ app: { K: VALUE }, two: { K: '2' } })
  expect(failed(await folder.run(['export', 'app']))).toEqual([2, 'USAGE'])
  expect(failed(await folder.run(['export', 'nobody', '--reveal']))).toEqual([1, 'NOT_FOUND'])
  expect(failed(await folder.run(['export', '--format', 'dotenv', '--reveal']))).toEqual([2, 'USAGE'])
  write(folder, 'out', 'a longer text than what is written over it\n')
  symlinkSync('out', folder.at('link'))
  mkdirSync(folder.at('folder'))
  expect(failed(await folder.run(['export', 'app', '--reveal', '-o', 'out']))).toEqual([1, 'CONFLICT'])
  expect(failed(await folder.run(['export', 'app', '--reveal', '-o', 'link', '--force']))).toEqual([1, 'INVALID'])
  expect(failed(await folder.run(['export', 'app', '--reveal', '-o', 'folder', '--force']))).toEqual([1, 'INVALID'])
  expect(failed(await folder.run(['export', 'app', '--reveal', '-o', '/dev/full', '--force']))).toEqual([1, 'INVALID'])
  expect(await folder.run(['export', 'app', '--reveal', '-o', 'new'], { umask: '000' })).toMatchObject({ code: 0 })
  expect([folder.read('new'), folder.mode('new')]).toEqual([`K=${VALUE}\n`, '600'])
  await folder.run(['export', 'app', '--reveal', '-o', 'new', '--force'])
  expect(folder.read('new')).toBe(`K=${VALUE}\n`)
  expect((await folder.run(['export', 'app', '--reveal'], { after: '> /dev/full' })).code).toBe(1)
})

test('an import of thousands shows how far it is on a terminal, and nothing of it elsewhere', async () => {
  const folder = await cliFolderWithStore()
  const many = Object.fromEntries(Array.from({ length: 4_000 }, (_, n) => [`many_${n}`, { KEY: VALUE }]))
  write(folder, 'many.json', JSON.stringify(many))
  const { screen, code } = await folder.onTerminal(['import', 'many.json'], [], 40)
  expect(code).toBe(0)
  expect(screen).toMatch(/Importing \d+\/4000 \[#*-*\]/)
  expect(screen).toContain('4000 secrets: 4000 created.')
  expect(screen).not.toContain(VALUE)
  expect(await folder.run(['import', 'many.json'])).toMatchObject({ code: 0, stderr: '' })
})
