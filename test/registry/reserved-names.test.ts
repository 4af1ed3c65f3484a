import { createRegistry, memoryStore, type Requirement } from 'latchkey'
import { describe, expect, test } from 'vitest'
import { laterStore } from '../helpers/stores.ts'
import { thrownBy } from '../helpers/thrown.ts'

const NEVER = ['PATH', 'NODE_OPTIONS', 'LD_PRELOAD', 'LD_', 'DYLD_INSERT_LIBRARIES', 'LATCHKEY_KEY', 'LATCHKEY_WORKER']
const RESERVED = [
  ...['NODE_PATH', 'NODE_EXTRA_CA_CERTS', 'NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_V8_COVERAGE', 'NODE_CHANNEL_FD'],
  ...['NODE_CHANNEL_SERIALIZATION_MODE', 'HOME', 'SHELL', 'IFS', 'ENV', 'BASH_ENV', 'PYTHONPATH', 'PYTHONSTARTUP'],
  ...['PYTHONHOME', 'GIT_SSH', 'GIT_SSH_COMMAND', 'GIT_ASKPASS', 'GIT_CONFIG', 'GIT_CONFIG_KEY_0', 'GIT_EXEC_PATH'],
  ...['GIT_PROXY_COMMAND', 'GIT_EDITOR', 'GIT_PAGER', 'GIT_EXTERNAL_DIFF', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'],
  ...['ALL_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'OPENSSL_CONF', 'TINYPOOL_WORKER_ID', 'UV_THREADPOOL_SIZE'],
  ...['http_proxy', 'https_proxy', 'Https_Proxy', 'no_proxy'],
]
const FREE = [
  'GH_TOKEN',
  'NODE_AUTH_TOKEN',
  'GIT_TOKEN',
  'PATHS',
  'HOMEPAGE',
  'ENVIRONMENT',
  'PROXY',
  'LATCHKEY',
  'SSL_KEY',
]

function register(key: string, more: Omit<Requirement, 'name'> = {}, missing: 'throw' | 'defer' = 'throw') {
  const registry = createRegistry({ store: memoryStore({ s: { [key]: 'v' } }), isolation: 'inline', missing })
  return registry.register({ name: 'read', secrets: [{ name: 's', ...more }] })(() => process.env[key])
}

describe.each([...NEVER, ...RESERVED])('a key %s', (key) => {
  test('is refused where the function is registered, and told how to go on', () => {
    expect(thrownBy(() => register(key))).toMatchObject({
      code: 'RESERVED_NAME',
      message: expect.stringContaining(`key ${key} of secret s would set ${key}`) as string,
      hint: expect.stringContaining('Rename it') as string,
    })
    expect(thrownBy(() => register(key, { keys: [key] }, 'defer'))).toMatchObject({ code: 'RESERVED_NAME' })
  })

  test('is refused again when it would be injected', async () => {
    await expect(register(key, {}, 'defer')()).rejects.toMatchObject({ code: 'RESERVED_NAME' })
  })

  test('may be stored and injected under another name', async () => {
    expect(await register(key, { env: { [key]: 'OTHER' } })()).toBe(process.env[key])
  })
})

test.each(NEVER)('%s cannot be admitted', (key) => {
  expect(thrownBy(() => register(key, { allowReserved: [key] }))).toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining(`${key} can never be set by a secret`) as string,
  })
})

test.each(RESERVED)('%s is admitted by its own name, and put back after the call', async (key) => {
  const before = process.env[key]
  expect(await register(key, { allowReserved: [key] })()).toBe('v')
  expect(process.env[key]).toBe(before)
})

test('admitting one name admits no other', () => {
  expect(thrownBy(() => register('https_proxy', { allowReserved: ['HTTPS_PROXY'] }))).toMatchObject({
    code: 'RESERVED_NAME',
  })
})

test.each(FREE)('%s is free', async (key) => {
  expect(await register(key)()).toBe('v')
})

test('a new name can be reserved too', () => {
  expect(thrownBy(() => register('TOKEN', { env: { TOKEN: 'BASH_ENV' } }))).toMatchObject({ code: 'RESERVED_NAME' })
  expect(thrownBy(() => register('CERT_FILE', { prefix: 'SSL_' }))).toMatchObject({ code: 'RESERVED_NAME' })
})

test('with a store that answers later, ready() tells', async () => {
  const registry = createRegistry({ store: laterStore({ s: { HTTP_PROXY: 'v' } }), isolation: 'inline' })
  registry.register({ name: 'read', secrets: ['s'] })(() => 1)
  await expect(registry.ready()).rejects.toMatchObject({ code: 'RESERVED_NAME' })
})
