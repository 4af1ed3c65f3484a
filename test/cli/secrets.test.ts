import { expect, test } from 'vitest'
import { cliFolderWithStore, failureOf, storeOf, valuesOf } from '../helpers/run-cli.ts'
import type { Ended } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'
const PAIRS = { TOKEN: VALUE, USER: 'octocat' }

const failed = (ended: Ended) => failureOf(ended, VALUE)

test('get prints a value only when it is told to reveal it: with a line break, without, as dotenv, as JSON', async () => {
  const folder = await cliFolderWithStore({ gh: PAIRS })
  expect(failed(await folder.run(['get', 'gh', 'TOKEN']))).toEqual([2, 'USAGE'])
  expect(await folder.run(['get', 'gh', 'TOKEN', '--reveal'])).toEqual({ code: 0, stdout: `${VALUE}\n`, stderr: '' })
  expect((await folder.run(['get', 'gh', 'TOKEN', '--reveal', '-n'])).stdout).toBe(VALUE)
  expect((await folder.run(['get', 'gh', '--reveal'])).stdout).toBe(`TOKEN=${VALUE}\nUSER=octocat\n`)
  const { stdout } = await folder.run(['get', 'gh', '--reveal', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ name: 'gh', scope: 'default', values: PAIRS })
  expect(failed(await folder.run(['get', 'nobody', '--reveal']))).toEqual([1, 'NOT_FOUND'])
  expect(failed(await folder.run(['get', 'gh', 'ABSENT', '--reveal']))).toEqual([1, 'NOT_FOUND'])
  expect(failed(await folder.run(['get', 'gh', '--reveal', '-n']))).toEqual([2, 'USAGE'])
})

test('on a terminal, get refuses to print what a terminal would obey', async () => {
  const folder = await cliFolderWithStore({ gh: { TOKEN: `\x1b]0;${VALUE}\x07` } })
  const { screen, code } = await folder.onTerminal(['get', 'gh', 'TOKEN', '--reveal'])
  expect(code).toBe(1)
  expect(screen).toContain('[INVALID]')
  expect(screen).not.toContain(VALUE)
})

test('show tells keys, version, date and description, and no value', async () => {
  const folder = await cliFolderWithStore()
  await folder.run(['set', 'gh', 'TOKEN', '--description', 'for\nCI'], { stdin: VALUE })
  const { code, stdout } = await folder.run(['show', 'gh'])
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^name\tgh\nscope\tdefault\nversion\t\S+\nwritten\t\d{4}-\d\d-\d\dT\d\d:\d\dZ\nabout\tfor\\u\{a\}CI\nkey\tTOKEN\n$/,
  )
  expect(JSON.parse((await folder.run(['show', 'gh', '--json'])).stdout)).toMatchObject({
    name: 'gh',
    keys: ['TOKEN'],
    description: 'for\nCI',
  })
  expect(failed(await folder.run(['show', 'nobody']))).toEqual([1, 'NOT_FOUND'])
})

test('unset removes keys and keeps the rest with its description; it removes neither an absent key nor the last one', async () => {
  const folder = await cliFolderWithStore()
  await using store = storeOf(folder)
  await store.set('gh', { A: '1', B: '2', C: '3' }, { description: 'kept' })
  expect(failed(await folder.run(['unset', 'gh', 'A', 'ABSENT']))).toEqual([1, 'NOT_FOUND'])
  expect(failed(await folder.run(['unset', 'gh', 'A', 'B', 'C']))).toEqual([1, 'INVALID'])
  expect(await folder.run(['unset', 'gh', 'A', 'B', '--json'])).toMatchObject({ code: 0, stderr: '' })
  expect(await store.get('gh')).toMatchObject({ values: { C: '3' }, description: 'kept' })
  expect(failed(await folder.run(['unset', 'nobody', 'A']))).toEqual([1, 'NOT_FOUND'])
})

test('a command that a hint names is for the same scope', async () => {
  const folder = await cliFolderWithStore()
  const run = (...args: string[]) => folder.run([...args, '--scope', 'acme/one'])
  expect(await folder.run(['set', 'app', 'K', '--scope', 'acme/one'], { stdin: VALUE })).toMatchObject({ code: 0 })
  for (const [args, hint] of [
    [['unset', 'app', 'K'], 'latchkey rm app --scope acme/one\n'],
    [['get', 'app', 'K'], 'latchkey get app K --scope acme/one --reveal. latchkey show app --scope acme/one shows'],
    [['set', 'app', 'K'], 'latchkey set app K --scope acme/one < FILE'],
    [['show', 'absent'], 'latchkey list --scope acme/one shows'],
  ] as const) {
    expect((await run(...args)).stderr).toContain(hint)
  }
})

test('history lists versions, rollback goes back to one and can be taken back', async () => {
  const folder = await cliFolderWithStore({ gh: { TOKEN: 'first' } })
  await folder.run(['set', 'gh', 'TOKEN', '--value-file', 'new'], {}).then(failed)
  await folder.run(['set', 'gh', 'USER'], { stdin: 'second' })
  const listed = await folder.run(['history', 'gh'])
  const versions = listed.stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
  expect(versions.map(([, , keys]) => keys)).toEqual(['TOKEN,USER', 'TOKEN'])
  expect(failed(await folder.run(['rollback', 'gh', VALUE]))).toEqual([1, 'NOT_FOUND'])
  const { stdout } = await folder.run(['rollback', 'gh', versions[1]![0]!, '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ name: 'gh', keys: ['TOKEN'] })
  expect(await valuesOf(folder, 'gh')).toEqual({ TOKEN: 'first' })
  expect(failed(await folder.run(['history', 'nobody']))).toEqual([1, 'NOT_FOUND'])
})

test('a write keeps one older version, or as many as --keep says', async () => {
  const folder = await cliFolderWithStore({ gh: { A: '0' } })
  for (const [value, ...keep] of [
    ['1', '--keep', '5'],
    ['2', '--keep', '5'],
    ['3', '--keep', '5'],
  ]) {
    await folder.run(['set', 'gh', 'A', ...keep], { stdin: value! })
  }
  expect((await folder.run(['history', 'gh'])).stdout.trimEnd().split('\n')).toHaveLength(4)
  await folder.run(['set', 'gh', 'A'], { stdin: '4' })
  expect((await folder.run(['history', 'gh'])).stdout.trimEnd().split('\n')).toHaveLength(2)
  expect(failed(await folder.run(['set', 'gh', 'A', '--keep', 'all'], { stdin: '5' }))).toEqual([2, 'USAGE'])
})

test('rm needs --yes where there is no terminal, and removes all it is given or nothing', async () => {
  const folder = await cliFolderWithStore({ a: { K: VALUE }, b: { K: VALUE } })
  expect(failed(await folder.run(['rm', 'a']))).toEqual([2, 'USAGE'])
  expect(failed(await folder.run(['rm', 'a', 'nobody', '--yes']))).toEqual([1, 'NOT_FOUND'])
  expect(await valuesOf(folder, 'a')).toEqual({ K: VALUE })
  expect(await folder.run(['rm', 'a', 'b', '-y'])).toMatchObject({ code: 0, stdout: 'Removed a, b (scope default).\n' })
  expect(await valuesOf(folder, 'b')).toBeUndefined()
})

test.each([
  ['y', 0, undefined],
  ['n', 1, { K: VALUE }],
  ['', 1, { K: VALUE }],
  ['\x03', 130, { K: VALUE }],
])('on a terminal rm asks first: after %j it ends with %i', async (typed, code, left) => {
  const folder = await cliFolderWithStore({ a: { K: VALUE } })
  const ended = await folder.onTerminal(['rm', 'a'], [['[y/N] ', `${typed}\r`]])
  expect(ended).toMatchObject({ code, restored: true })
  expect(await valuesOf(folder, 'a')).toEqual(left)
})

test('with --json an error is an object on stderr', async () => {
  const folder = await cliFolderWithStore()
  const { code, stdout, stderr } = await folder.run(['show', 'nobody', '--json'])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(JSON.parse(stderr)).toEqual({
    error: {
      code: 'NOT_FOUND',
      message: 'There is no secret nobody in scope default.',
      hint: 'latchkey list shows what there is; --scope names another scope.',
    },
  })
})

test('a name, a key and a scope that are none are not repeated', async () => {
  const folder = await cliFolderWithStore()
  for (const args of [
    ['show', VALUE.repeat(9)],
    ['get', 'a', `-- ${VALUE}`, '--reveal'],
    ['list', '--scope', `/${VALUE}`],
  ]) {
    expect(failed(await folder.run(args))).toEqual([2, 'USAGE'])
  }
})

test('two that set the same secret at once are both heard', async () => {
  const folder = await cliFolderWithStore()
  const ended = await Promise.all(['A', 'B', 'C'].map((key) => folder.run(['set', 'gh', key], { stdin: key })))
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
  expect(await valuesOf(folder, 'gh')).toEqual({ A: 'A', B: 'B', C: 'C' })
})
