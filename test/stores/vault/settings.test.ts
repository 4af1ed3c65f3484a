import { describe, expect, test } from 'vitest'
import type { VaultStoreOptions } from '../../../src/stores/vault/options.ts'
import { vaultSettings } from '../../../src/stores/vault/settings.ts'
import { vaultStore } from '../../../src/stores/vault.ts'
import { manualHost } from '../../helpers/vault/host.ts'
import { allTextOf, thrownBy } from '../../helpers/thrown.ts'

const GOOD = { address: 'https://vault.example.org:8200', token: 'hvs.canary' }

const APPROLE = { method: 'approle', roleId: 'role', secretId: 'canary' }
const BAD: Readonly<Record<string, unknown>> = {
  'no options': undefined,
  'no object': 'https://vault',
  'no address': { token: 'hvs.canary' },
  'an address that is no URL': { ...GOOD, address: 'vault:8200' },
  'an address of another protocol': { ...GOOD, address: 'ftp://vault' },
  'an address with a password': { ...GOOD, address: 'https://me:canary@vault' },
  'an address with a query': { ...GOOD, address: 'https://vault/?token=canary' },
  'no credentials': { address: GOOD.address },
  'two kinds of credentials': { ...GOOD, auth: APPROLE },
  'an empty token': { ...GOOD, token: '' },
  'a token with a line break': { ...GOOD, token: 'hvs.canary\n' },
  'a token that is no string': { ...GOOD, token: 1 },
  'renew that is no boolean': { ...GOOD, renew: 'yes' },
  'renew of a login': { address: GOOD.address, renew: true, auth: APPROLE },
  'an unknown login': { address: GOOD.address, auth: { method: 'canary' } },
  'a login of null': { address: GOOD.address, auth: null },
  'a role without an id': { address: GOOD.address, auth: { ...APPROLE, roleId: '' } },
  'a secret id that is none': { address: GOOD.address, auth: { ...APPROLE, secretId: 'can ary' } },
  'an auth mount that is no path': { address: GOOD.address, auth: { ...APPROLE, mount: '/approle' } },
  'no kubernetes role': { address: GOOD.address, auth: { method: 'kubernetes' } },
  'a jwtFile that is no path': { address: GOOD.address, auth: { method: 'kubernetes', role: 'a', jwtFile: '' } },
  'a mount with a slash at its end': { ...GOOD, mount: 'secret/' },
  'a mount that goes up': { ...GOOD, mount: '../sys' },
  'an empty mount': { ...GOOD, mount: '' },
  'a prefix that goes up': { ...GOOD, prefix: 'a/../b' },
  'a prefix with a line break': { ...GOOD, prefix: 'a\nb' },
  'a namespace with a line break': { ...GOOD, namespace: 'a\nb' },
  'a fetch that is no function': { ...GOOD, fetch: 'canary' },
  'origins that are no array': { ...GOOD, redirectOrigins: 'https://vault-2' },
  'an origin that is no URL': { ...GOOD, redirectOrigins: ['vault-2'] },
  'no time': { ...GOOD, timeoutMs: 0 },
  'a time that is too long for a timer': { ...GOOD, timeoutMs: 2 ** 31 },
  'a number of retries that is none': { ...GOOD, retries: 1.5 },
  'more retries than there may be': { ...GOOD, retries: 11 },
  'an interval that is no number': { ...GOOD, pollMs: '1s' },
  'a rename that is no object': { ...GOOD, rename: 'tls.crt' },
  'a rename of what holds descriptions': { ...GOOD, rename: { 'latchkey.description': 'TEXT' } },
}

describe('vaultStore', () => {
  test.each(Object.entries(BAD))('refuses %s at once, without showing it', (_, options) => {
    const error = thrownBy(() => vaultStore(options as VaultStoreOptions))
    expect(error).toMatchObject({ name: 'TypeError', code: 'INVALID_OPTION' })
    expect(allTextOf(error).replaceAll(/at .*/g, '')).not.toContain('canary')
  })

  test('refuses options that it does not have, also those of a login', () => {
    const unknown = { ...GOOD, path: 'secret' } as VaultStoreOptions
    expect(thrownBy(() => vaultStore(unknown))).toMatchObject({ code: 'UNKNOWN_OPTION' })
    const login = { address: GOOD.address, auth: { ...APPROLE, secretID: 'x' } } as unknown as VaultStoreOptions
    expect(thrownBy(() => vaultStore(login))).toMatchObject({ code: 'UNKNOWN_OPTION' })
    expect(thrownBy(() => vaultStore({ ...GOOD, rename: { 'tls.crt': 'a b' } }))).toMatchObject({
      code: 'INVALID_NAME',
    })
  })
})

describe('vaultSettings', () => {
  test('fills in what was left out', () => {
    const settings = vaultSettings(GOOD, manualHost())
    expect(settings).toMatchObject({ mount: 'secret', prefix: '', timeoutMs: 10_000, retries: 2, pollMs: 30_000 })
    expect(settings.base).toBe('https://vault.example.org:8200/v1')
    expect([...settings.origins]).toEqual(['https://vault.example.org:8200'])
    const auth = { method: 'kubernetes', role: 'billing' } as const
    expect(vaultSettings({ address: GOOD.address, auth }, manualHost()).credentials).toEqual({
      auth: { ...auth, mount: 'kubernetes', jwtFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
    })
  })

  test('keeps the path of an address, and encodes the segments of mount and prefix', () => {
    const options = { ...GOOD, address: 'https://proxy.example.org/vault/', mount: 'team/k v', prefix: 'a%2Fb/é' }
    const settings = vaultSettings(options, manualHost())
    expect(settings.base).toBe('https://proxy.example.org/vault/v1')
    expect([settings.mount, settings.prefix]).toEqual(['team/k%20v', 'a%252Fb/%C3%A9/'])
  })
})
