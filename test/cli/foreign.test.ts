/** What the command line does with secrets that others keep in Vault and AWS, too. */
import { onTestFinished, expect, test } from 'vitest'
import { CREDENTIALS, startFakeAws } from '../helpers/aws/fake.ts'
import { cliFolder, failureOf } from '../helpers/run-cli.ts'
import { startFakeVault } from '../helpers/vault/fake.ts'

const VALUE = 'correct-horse-battery'

/** A store that others write, and what stands there under the name `site`. */
interface Shared {
  store: string
  env: Record<string, string>
  write: (json: string) => void
  stored: () => unknown
}

async function inVault(): Promise<Shared> {
  const vault = await startFakeVault()
  onTestFinished(() => vault.stop())
  return {
    store: 'vault:secret',
    env: { VAULT_ADDR: vault.address, VAULT_TOKEN: vault.token },
    write: (json) => vault.storage().write('site', json, undefined),
    stored: () => {
      const { data } = JSON.parse(vault.storage().read('site').json ?? '') as { data: { data: unknown } }
      return data.data
    },
  }
}

async function inAws(): Promise<Shared> {
  const aws = await startFakeAws()
  onTestFinished(() => aws.stop())
  let count = 0
  return {
    store: `aws:?region=${aws.region}&endpoint=${encodeURIComponent(aws.endpoint)}`,
    env: {
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      // The SDK warns of old versions of Node.
      NODE_NO_WARNINGS: '1',
    },
    write: (json) => {
      count += 1
      const ClientRequestToken = String(count).padStart(32, 'x')
      if (count === 1) aws.state.act('CreateSecret', { Name: 'site', ClientRequestToken, SecretString: json })
      else aws.state.act('PutSecretValue', { SecretId: 'site', ClientRequestToken, SecretString: json })
    },
    stored: () => {
      const text = aws.state.current('site')
      return text === undefined ? undefined : (JSON.parse(text) as unknown)
    },
  }
}

test.each([
  ['Vault', inVault],
  ['AWS', inAws],
])('in %s, unset leaves numbers what they are, and is refused where it would take what is no key', async (_, open) => {
  const { store, env, write, stored } = await open()
  const folder = cliFolder()
  const unset = () => folder.run(['unset', 'site', 'USER', '--store', store], { env })
  write(JSON.stringify({ USER: 'u', PASSWORD: VALUE, port: 5432, ssl: true, 'latchkey.description': 'kept' }))
  expect(await unset()).toMatchObject({ code: 0, stderr: '' })
  expect(stored()).toEqual({ PASSWORD: VALUE, port: 5432, ssl: true, 'latchkey.description': 'kept' })

  const others = { USER: 'u', PASSWORD: VALUE, 'tls.crt': VALUE, port: 5432 }
  write(JSON.stringify(others))
  const refused = await unset()
  expect(failureOf(refused, VALUE)).toEqual([1, 'UNSUPPORTED'])
  expect(refused.stderr).toContain('site holds a name that is no key here, and would be lost. Nothing was changed.')
  expect(stored()).toEqual(others)
})

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
  expect(stored()).toBeUndefined()
})
