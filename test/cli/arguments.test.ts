import { expect, test } from 'vitest'
import { parseCommand } from '../../src/cli/arguments.ts'
import { recipientsRm } from '../../src/cli/commands/recipients-rm.ts'
import { rollback } from '../../src/cli/commands/rollback.ts'

test.each(['-J3xR0lqTz0', '--3xR0lqTz0', '-hxR0lqTz0-', '-_xR-lqTz0_'])('%s is taken for an id', (id) => {
  for (const args of [
    [id, '--key-file', 'a.key', '--json'],
    ['--key-file', 'a.key', '--json', id],
    ['--key-file', 'a.key', '--json', '--', id],
  ]) {
    const input = parseCommand('recipients rm', recipientsRm, args)
    expect([input.arguments, input.text('key-file'), input.flag('json')]).toEqual([[id], 'a.key', true])
  }
})

test('a version that begins with a dash stands behind the name of its secret', () => {
  const input = parseCommand('rollback', rollback, ['gh', '-WufN-9IMcOZ-1', '--scope', 'acme'])
  expect([input.arguments, input.text('scope')]).toEqual([['gh', '-WufN-9IMcOZ-1'], 'acme'])
})

test.each(['--passphrase-fil', '-passphrase', '--pasphrase', '-keyfile', '--jsonn'])(
  '%s is taken for a mistyped option',
  (typed) => {
    expect(() => parseCommand('recipients rm', recipientsRm, ['mJ3xR0lqTz0', typed])).toThrow('There is no option')
  },
)
