/** `etcd:`. */
import { etcdStore } from '../../stores/etcd.ts'
import { usageError } from '../failure.ts'
import { keyOptions } from '../keys.ts'
import { numberSetting } from './address.ts'
import type { Address, Opener } from './address.ts'

/**
 * Opens a store in etcd: `etcd:` on the members that `ETCDCTL_ENDPOINTS` names, `etcd://host:2379?prefix=apps/` or
 * `etcd+http://…`. The user is that of the address or of `ETCDCTL_USER`, the password that of `ETCDCTL_PASSWORD`.
 */
export const openEtcd: Opener = async (address, input) => {
  const { prefix, history } = address.settings('prefix', 'history')
  if (address.path !== '') throw usageError('etcd: takes no path: write its prefix as ?prefix=apps/.')
  const store = etcdStore({
    address: membersOf(address),
    ...loginOf(address),
    prefix,
    history: numberSetting('history', history),
    ...(await keyOptions(input)),
  })
  return { store, close: () => store.close() }
}

function membersOf({ host, variant }: Address): string[] {
  if (host !== '') return [`${variant === 'http' ? 'http' : 'https'}://${host}`]
  const endpoints = process.env['ETCDCTL_ENDPOINTS'] || '127.0.0.1:2379'
  // etcdctl takes one without a scheme for http.
  return endpoints.split(',').map((endpoint) => (endpoint.includes('://') ? endpoint : `http://${endpoint}`))
}

function loginOf({ username, password }: Address): { username?: string; password?: string } {
  const [name = '', ...rest] = (process.env['ETCDCTL_USER'] ?? '').split(':')
  const user = username || name
  const secret = password || process.env['ETCDCTL_PASSWORD'] || rest.join(':')
  return user === '' ? {} : { username: user, password: secret }
}
