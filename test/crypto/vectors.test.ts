import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { deriveDataKey } from '../../src/crypto/data-key.ts'
import { openEnvelope, readEnvelope, sealEnvelope } from '../../src/crypto/envelope.ts'
import { rawKeyBytes } from '../../src/crypto/raw-key.ts'
import { fileStore } from '../../src/stores/file.ts'
import type { FileStoreOptions } from '../../src/stores/file.ts'
import { openReferenceEnvelope, readReference } from '../helpers/reference-decoder.ts'
import type { ReferenceKey } from '../helpers/reference-decoder.ts'

interface EnvelopeVector {
  scope: string
  name: string
  version: number
  text: string
  dataKey: string
  store: string
  random: string
  commit: string
  envelope: string
}
interface StoreVectors {
  keys: Record<string, { key?: string; passphrase?: string }>
  secrets: {
    scope: string
    name: string
    values: Record<string, string>
    description?: string
    older?: Record<string, string>
  }[]
}

const vectorPath = (name: string) => new URL(`../vectors/${name}`, import.meta.url)
const readVector = (name: string): unknown => JSON.parse(readFileSync(vectorPath(name), 'utf8'))
const envelopes = readVector('envelopes-v1.json') as EnvelopeVector[]
const stores = readVector('stores-v1.json') as StoreVectors
const hex = (text: string) => Buffer.from(text, 'hex')
const reverse = (bytes: Uint8Array) => Buffer.from(bytes).reverse()

test.each(envelopes)('the frozen envelope of $name in $scope opens, and is sealed to the same bytes', (vector) => {
  const key = deriveDataKey(hex(vector.dataKey), hex(vector.store))
  const address = { storeId: hex(vector.store), scope: vector.scope, name: vector.name }
  const envelope = hex(vector.envelope)
  expect(key.commit.toString('hex')).toBe(vector.commit)
  const read = readEnvelope(envelope, address)
  expect(read).toMatchObject({ kid: key.id, version: vector.version })
  expect(read && openEnvelope(key, read)).toBe(vector.text)
  const sealed = sealEnvelope(key, address, vector.version, vector.text, hex(vector.random))
  expect(sealed.toString('hex')).toBe(vector.envelope)
})

test.each(envelopes)('the reference opens the frozen envelope of $name in $scope', (vector) => {
  const opened = openReferenceEnvelope(
    hex(vector.dataKey),
    hex(vector.store),
    vector.scope,
    vector.name,
    hex(vector.envelope),
  )
  expect(opened).toEqual({ version: vector.version, text: vector.text })
})

const wrapper = { id: 'test/reverse', wrap: reverse, unwrap: reverse }
const cases: [string, string, FileStoreOptions, ReferenceKey][] = [
  ['raw', 'its raw key', { key: stores.keys['raw']!.key! }, raw(stores.keys['raw']!.key!)],
  ['scrypt', 'its pass phrase', stores.keys['scrypt']!, { passphrase: stores.keys['scrypt']!.passphrase! }],
  ['ext', 'its key wrapper', { keys: [wrapper] }, { unwrap: reverse }],
  ['all', 'its raw key', { key: stores.keys['all']!.key! }, raw(stores.keys['all']!.key!)],
  ['all', 'its pass phrase', { passphrase: stores.keys['all']!.passphrase! }, { passphrase: 'second' }],
  ['all', 'its key wrapper', { keys: [wrapper] }, { unwrap: reverse }],
]

function raw(key: string): ReferenceKey {
  return { raw: rawKeyBytes(key, 'the vector', 'test') }
}

test.each(cases)('the frozen store "%s" opens with %s', async (name, _, options) => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'frozen.latchkey')
  await copyFile(vectorPath(`store-v1-${name}.latchkey`), path)
  await using store = fileStore({ path, ...options })
  for (const secret of stores.secrets) {
    const found = await store.get(secret.name, { scope: secret.scope })
    expect({ ...found?.values }).toEqual(secret.values)
    expect(found?.description).toBe(secret.description)
  }
  const [, older] = await store.history('my_github_secret')
  const back = await store.rollback('my_github_secret', older!.version)
  expect({ ...(await store.get('my_github_secret'))?.values }).toEqual(stores.secrets[2]?.older)
  expect(back.version).not.toBe(older!.version)
})

test.each(cases)('the reference opens the frozen store "%s" with %s', (name, _, __, key) => {
  const file = readReference(readFileSync(vectorPath(`store-v1-${name}.latchkey`)), key)
  expect(file.header).toMatchObject({ gen: 6, ver: 6 })
  const live = file.records.filter(({ version }) => version !== 1)
  expect(live.map(({ scope, name, values, description }) => ({ scope, name, values, description }))).toEqual(
    stores.secrets.map(({ scope, name, values, description }) => ({ scope, name, values, description })),
  )
})
