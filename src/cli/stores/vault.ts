/** `vault:`. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { vaultStore } from '../../stores/vault.ts'
import { CliError, errnoOf, usageError } from '../failure.ts'
import type { Address, Opener } from './address.ts'

/**
 * Opens a KV engine of Vault or OpenBao: `vault:secret/apps` on the server that `VAULT_ADDR` names, `vault://host:8200/secret/apps`
 * or `vault+http://…`. The path is the mount and, after it, the prefix.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- an opener may have to wait
export const openVault: Opener = async (address) => {
  const { namespace = process.env['VAULT_NAMESPACE'] } = address.settings('namespace')
  if (address.username !== '') throw usageError('vault: takes no user.', 'Give the token as VAULT_TOKEN.')
  const [mount = '', ...prefix] = pathOf(address).split('/')
  const store = vaultStore({
    address: serverOf(address),
    token: tokenOf(address),
    namespace: namespace === '' ? undefined : namespace,
    mount: mount === '' ? undefined : mount,
    prefix: prefix.length === 0 ? undefined : prefix.join('/'),
  })
  return { store, close: () => store.close() }
}

/** The mount and the prefix: `vault:/secret/apps` and `vault:///secret/apps` mean them, too. */
function pathOf({ host, path }: Address): string {
  const named = host === '' ? path.replace(/^\//, '') : path
  if (!named.startsWith('/')) return named
  throw usageError(
    'The mount in the address of vault: is empty.',
    'Write vault:MOUNT/PREFIX, such as vault:secret/apps.',
  )
}

function serverOf({ host, variant }: Address): string {
  if (host !== '') return `${variant === 'http' ? 'http' : 'https'}://${host}`
  const server = process.env['VAULT_ADDR']
  if (server !== undefined && server !== '') return server
  throw usageError('vault: does not name a server.', 'Set VAULT_ADDR, or write vault://vault.example.org:8200/secret.')
}

/** As the `vault` program finds it: `VAULT_TOKEN`, else the file in which a login keeps its token. */
function tokenOf({ password }: Address): string {
  const given = password === '' ? process.env['VAULT_TOKEN'] : password
  if (given !== undefined && given !== '') return given
  const path = join(homedir(), '.vault-token')
  try {
    const token = readFileSync(path, 'utf8').trim()
    if (token !== '') return token
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') {
      throw new CliError('DENIED', `Could not read ${path} (${errnoOf(error) ?? 'unknown'}).`, 'Set VAULT_TOKEN.')
    }
  }
  throw new CliError('DENIED', 'There is no token for Vault.', 'Set VAULT_TOKEN, or run vault login.')
}
