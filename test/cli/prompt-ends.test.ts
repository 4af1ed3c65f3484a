import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cliFolderWithStore, valuesOf } from '../helpers/run-cli.ts'
import type { CliFolder, Step } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'
const PHRASE = 'six random words that nobody guesses'
const SIGTERM = 15
const MARKED = '\x1b[?2004h'
const UNMARKED = '\x1b[?2004l'

/** Each question that a command asks, with what is typed before it. */
const QUESTIONS: readonly { readonly line: string; readonly before: Step[]; readonly question: string }[] = [
  { line: 'latchkey set app K', before: [], question: 'Value of K of app (not shown): ' },
  { line: 'latchkey list --passphrase', before: [], question: 'Pass phrase (not shown): ' },
  {
    line: 'latchkey set app K --passphrase',
    before: [['Pass phrase (not shown): ', `${PHRASE}\r`]],
    question: 'Value of K of app (not shown): ',
  },
  { line: 'latchkey init --passphrase --file new', before: [], question: 'New pass phrase (not shown): ' },
  {
    line: 'latchkey recipients add --new-passphrase',
    before: [['New pass phrase (not shown): ', `${VALUE}\r`]],
    question: 'The same again: ',
  },
  {
    line: 'latchkey passphrase',
    before: [['New pass phrase (not shown): ', `${VALUE}\r`]],
    question: 'The same again: ',
  },
  {
    line: 'latchkey rotate-key --passphrase --new-key-file new.key',
    before: [],
    question: 'Pass phrase (not shown): ',
  },
  { line: 'latchkey rm app', before: [], question: '[y/N] ' },
]

async function folderWithPassphrase(): Promise<CliFolder> {
  const folder = await cliFolderWithStore({ app: { K: VALUE } })
  writeFileSync(folder.at('phrase'), PHRASE)
  expect(await folder.run(['recipients', 'add', '--new-passphrase-file', 'phrase'])).toMatchObject({ code: 0 })
  return folder
}

/** All that there is in a folder, byte by byte. */
function contents({ at, entries }: CliFolder): Record<string, string> {
  return Object.fromEntries(entries().map((name) => [name, readFileSync(at(name), 'latin1')]))
}

test.each([
  ['Ctrl-C', '\x03', 130, undefined],
  ['Ctrl-D', '\x04', 1, /\[(?:NO_VALUE|DECLINED)\]\r\nhint: /],
])(
  '%s at any question ends the command with its exit code, changes nothing, and puts the terminal back',
  async (_, key, code, told) => {
    const folder = await folderWithPassphrase()
    const before = contents(folder)
    const session = await folder.session(
      QUESTIONS.map(({ line }) => line),
      { steps: QUESTIONS.flatMap(({ before: first, question }): Step[] => [...first, [question, key]]) },
    )
    expect(session.restored).toBe(true)
    expect(session.parts.map(({ line, code: ended }) => [line, ended])).toEqual(
      QUESTIONS.map(({ line }) => [line, code]),
    )
    for (const { screen } of session.parts) {
      if (told === undefined) expect(screen).not.toContain('latchkey:')
      else expect(screen).toMatch(told)
      expect(screen.lastIndexOf(UNMARKED)).toBeGreaterThanOrEqual(screen.lastIndexOf(MARKED))
      // What is told begins a line of its own.
      expect(screen.replaceAll(UNMARKED, '')).not.toMatch(/[^\n]latchkey: /)
    }
    expect(session.screen).not.toContain(VALUE)
    expect(session.screen).not.toContain(PHRASE)
    expect(contents(folder)).toEqual(before)
  },
)

test.each([
  ['a value', ['set', 'app', 'K'], '(not shown): '],
  ['a confirmation', ['rm', 'app'], '[y/N] '],
])(
  'a signal, or a terminal that is closed, ends the question for %s by that signal, and changes nothing',
  async (_, args, question) => {
    const folder = await folderWithPassphrase()
    const before = contents(folder)
    const killed = await folder.onTerminal(args, [[question, { signal: SIGTERM }]])
    expect(killed).toMatchObject({ code: -SIGTERM, restored: true })
    expect(killed.screen.lastIndexOf(UNMARKED)).toBeGreaterThanOrEqual(killed.screen.lastIndexOf(MARKED))
    const closed = await folder.onTerminal(args, [[question, null]])
    expect(closed.code).toBe(-1)
    expect(contents(folder)).toEqual(before)
  },
)

test('a pass phrase and a value come from the terminal and from a pipe; the question is seen where stderr is a file', async () => {
  const folder = await folderWithPassphrase()
  const ask: Step = ['Pass phrase (not shown): ', `${PHRASE}\r`]
  const session = await folder.session(
    [
      'printf %s from-a-pipe | latchkey set app K --passphrase',
      'latchkey list --passphrase > names 2> told',
      'latchkey list --passphrase < /dev/null | cat',
    ],
    { steps: [ask, ask, ask] },
  )
  expect(session.restored).toBe(true)
  expect(session.parts.map(({ code }) => code)).toEqual([0, 0, 0])
  expect(session.screen).not.toContain(PHRASE)
  expect(session.screen).not.toContain('from-a-pipe')
  expect(folder.read('names')).toMatch(/^app\t/)
  expect(folder.read('told')).toBe('')
  expect(session.parts[2]?.screen).toContain('app\t')
  expect(await valuesOf(folder, 'app')).toEqual({ K: 'from-a-pipe' })
})

test('what is typed or pasted ahead is kept for the next question, and never shown', async () => {
  const folder = await cliFolderWithStore()
  const { screen, code, restored } = await folder.onTerminal(
    ['recipients', 'add', '--new-passphrase'],
    [['New pass phrase (not shown): ', `${PHRASE}\r${PHRASE}\r`]],
  )
  expect({ code, restored }).toEqual({ code: 0, restored: true })
  expect(screen).toContain('Added the scrypt recipient')
  expect(screen).not.toContain(PHRASE)
})
