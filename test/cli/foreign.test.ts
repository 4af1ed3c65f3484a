/** What the command line does with secrets that others keep in Vault and AWS, too. */
import { expect, test } from 'vitest'
import { inAws, OTHERS_STORES } from '../helpers/others-stores.ts'
import { cliFolder, failureOf } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'

test.each(OTHERS_STORES)(
  'in %s, unset leaves numbers what they are, and is refused where it would take what is no key',
  async (_, open) => {
    const { store, env, write, stored } = await open()
    const folder = cliFolder()
    const unset = () => folder.run(['unset', 'site', 'USER', '--store', store], { env })
    write('site', JSON.stringify({ USER: 'u', PASSWORD: VALUE, port: 5432, ssl: true, 'latchkey.description': 'kept' }))
    expect(await unset()).toMatchObject({ code: 0, stderr: '' })
    expect(stored('site')).toEqual({ PASSWORD: VALUE, port: 5432, ssl: true, 'latchkey.description': 'kept' })

    const others = { USER: 'u', PASSWORD: VALUE, 'tls.crt': VALUE, port: 5432 }
    write('site', JSON.stringify(others))
    const refused = await unset()
    expect(failureOf(refused, VALUE)).toEqual([1, 'UNSUPPORTED'])
    expect(refused.stderr).toContain('site holds a name that is no key here, and would be lost. Nothing was changed.')
    expect(stored('site')).toEqual(others)
  },
)

test('a scope or a secret that is more than AWS takes is told before anything is asked', async () => {
  const { store, env, stored } = await inAws()
  const folder = cliFolder()
  const run = (args: string[], stdin = '') => folder.run([...args, '--store', store], { env, stdin })
  const deep = 'a/b/c/d/e/f/g/h'
  expect(failureOf(await run(['show', 'site', '--scope', deep]), VALUE)).toEqual([2, 'USAGE'])
  const site = { name: 'site', values: { K: VALUE } }
  for (const [last, code] of [
    [{ scope: deep, name: 'last', values: { K: VALUE } }, 'INVALID'],
    [{ name: 'last', values: { K: VALUE.padEnd(64_001) } }, 'TOO_LARGE'],
  ] as const) {
    const text = JSON.stringify({ format: 'latchkey-secrets/1', secrets: [site, last] })
    const ended = await run(['import', '-', '--format', 'json'], text)
    expect(failureOf(ended, VALUE)).toEqual([1, code])
  }
  expect(stored('site')).toBeUndefined()
})
