/** Stores whose secrets others write too, for tests of the command line: a Vault and an AWS on loopback. */
import { onTestFinished } from 'vitest'
import { CREDENTIALS, startFakeAws } from './aws/fake.ts'
import { startFakeVault } from './vault/fake.ts'

/** A store as the command line names it, what it needs in its environment, and how others write and read there. */
export interface OthersStore {
  store: string
  env: Record<string, string>
  write: (name: string, json: string) => void
  stored: (name: string) => unknown
}

/** For `test.each`: how each is called, and how it is started. */
export const OTHERS_STORES: [string, () => Promise<OthersStore>][] = [
  ['Vault', inVault],
  ['AWS', inAws],
]

async function inVault(): Promise<OthersStore> {
  const vault = await startFakeVault()
  onTestFinished(() => vault.stop())
  return {
    store: 'vault:secret',
    env: { VAULT_ADDR: vault.address, VAULT_TOKEN: vault.token },
    write: (name, json) => vault.storage().write(name, json, undefined),
    stored: (name) => {
      const { data } = JSON.parse(vault.storage().read(name).json ?? '') as { data: { data: unknown } }
      return data.data
    },
  }
}

export async function inAws(): Promise<OthersStore> {
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
    write: (name, SecretString) => {
      count += 1
      const ClientRequestToken = String(count).padStart(32, 'x')
      const isThere = aws.state.current(name) !== undefined
      if (isThere) aws.state.act('PutSecretValue', { SecretId: name, ClientRequestToken, SecretString })
      else aws.state.act('CreateSecret', { Name: name, ClientRequestToken, SecretString })
    },
    stored: (name) => {
      const text = aws.state.current(name)
      return text === undefined ? undefined : (JSON.parse(text) as unknown)
    },
  }
}
