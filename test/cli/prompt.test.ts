import { expect, test } from 'vitest'
import { fileStore } from '../../src/stores/file.ts'
import { cliFolderWithStore } from '../helpers/run-cli.ts'
import type { CliFolder } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'
const QUESTION = 'Value of B of a (not shown): '

async function stored(folder: CliFolder): Promise<string | undefined> {
  await using store = fileStore({ path: folder.at('secrets.latchkey') })
  return (await store.get('a'))?.values['B']
}

test('on a terminal, set asks for the value, shows nothing of it, and puts the terminal back', async () => {
  const folder = await cliFolderWithStore()
  const { screen, code, restored } = await folder.onTerminal(['set', 'a', 'B'], [[QUESTION, `${VALUE}\r`]])
  expect({ code, restored }).toEqual({ code: 0, restored: true })
  expect(screen).toContain('Stored B of a')
  expect(screen).not.toContain(VALUE)
  expect(screen).not.toContain('*')
  expect(await stored(folder)).toBe(VALUE)
})

test.each([
  ['backspace takes back a character', 'ab🔑\x7fc\r', 'abc'],
  ['Ctrl-U takes back all', 'wrong\x15right\r', 'right'],
  ['arrow keys and Tab leave no trace', 'a\x1b[D\x1b[Ab\tc\r', 'abc'],
  ['a pasted text keeps its lines', '\x1b[200~one\rtwo\r\x1b[201~\r', 'one\ntwo'],
  ['a pasted text of Windows has single line breaks', '\x1b[200~one\r\n\r\ntwo\r\n\x1b[201~\r', 'one\n\ntwo'],
  ['Enter alone is the empty value', '\r', ''],
])('at the prompt, %s', async (_, typed, value) => {
  const folder = await cliFolderWithStore()
  expect(await folder.onTerminal(['set', 'a', 'B'], [[QUESTION, typed]])).toMatchObject({ code: 0, restored: true })
  expect(await stored(folder)).toBe(value)
})

test('Ctrl-C at the prompt ends with 130, writes nothing, says nothing, and puts the terminal back', async () => {
  const folder = await cliFolderWithStore()
  const before = folder.read('secrets.latchkey')
  const { screen, code, restored } = await folder.onTerminal(['set', 'a', 'B'], [[QUESTION, `${VALUE}\x03`]])
  expect({ code, restored }).toEqual({ code: 130, restored: true })
  expect(screen).not.toContain(VALUE)
  expect(screen).not.toContain('latchkey:')
  expect(folder.read('secrets.latchkey')).toBe(before)
})

test('Ctrl-D at the prompt is no value', async () => {
  const folder = await cliFolderWithStore()
  const { screen, code, restored } = await folder.onTerminal(['set', 'a', 'B'], [[QUESTION, '\x04']])
  expect({ code, restored }).toEqual({ code: 1, restored: true })
  expect(screen).toContain('[NO_VALUE]')
})
