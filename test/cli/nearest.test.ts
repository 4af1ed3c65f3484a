import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { nearest, nearestCommand } from '../../src/cli/nearest.ts'

const NAMES = [...new Set(Object.keys(COMMANDS).map((name) => name.split(' ', 1)[0] ?? ''))]

test.each([
  ['a swap', 'lsit', 'list'],
  ['a letter that is left out', 'epxort', 'export'],
  ['a letter too many', 'sett', 'set'],
  ['another letter', 'injekt', 'inject'],
  ['two mistakes in a long word', 'pasphrse', 'passphrase'],
  ['what others call it', 'ls', 'list'],
  ['what others call it', 'delete', 'rm'],
  ['what is an option here', 'version', '--version'],
])('%s: %s is taken for %s', (_, word, meant) => {
  expect(nearestCommand(word, NAMES)).toBe(meant)
})

test('a word that is near to nothing is taken for nothing', () => {
  for (const word of ['', 'x', 'xyz', 'hunter2', 'frobnicate', 'correct-horse-battery', 'constructor']) {
    expect(nearestCommand(word, NAMES), word).toBeUndefined()
  }
})

test('of words that are equally near, the first is taken', () => {
  expect(nearest('sat', ['set', 'sit'])).toBe('set')
})

test('each word of others leads to a command that there is, and is none itself', () => {
  for (const word of [
    'add',
    'create',
    'describe',
    'exec',
    'log',
    'put',
    'read',
    'remove',
    'render',
    'rotate',
    'validate',
  ]) {
    expect(NAMES, word).toContain(nearestCommand(word, NAMES))
    expect(NAMES, word).not.toContain(word)
  }
})
