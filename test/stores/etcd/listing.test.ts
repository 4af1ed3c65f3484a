import { expect, test } from 'vitest'
import { generateKey } from 'latchkey'
import { etcdStore } from 'latchkey/stores/etcd'
import { deriveDataKey } from '../../../src/crypto/data-key.ts'
import { sealEnvelope } from '../../../src/crypto/envelope.ts'
import { rawKeyBytes } from '../../../src/crypto/raw-key.ts'
import { packVersions } from '../../../src/stores/sealing/packing.ts'
import { describeEngine, sharedEngine } from '../../helpers/engines.ts'
import { ask, base64, ETCD_WANTED, etcdHere, startEtcd } from '../../helpers/engines/etcd.ts'
import { readReference, unwrapReference } from '../../helpers/reference-decoder.ts'

describeEngine('etcd', etcdHere(), ETCD_WANTED, (here) => {
  const shared = sharedEngine(here, startEtcd)

  /** Seals a secret for each name, as the store does it, in few transactions: one by one they would take most of the test. */
  const sow = async (prefix: string, key: string, names: readonly string[]): Promise<void> => {
    const { kvs } = (await ask(shared.url, 'kv/range', { key: base64(`${prefix}keyring`) })) as {
      kvs: { value: string }[]
    }
    const raw = { raw: rawKeyBytes(key, 'the test', 'file') }
    const { header } = readReference(Buffer.from(kvs[0]!.value, 'base64'), raw)
    const storeId = Buffer.from(header.store, 'base64url')
    const dataKey = deriveDataKey(unwrapReference(header.keys[0]!, storeId, raw), storeId)
    for (let at = 0; at < names.length; at += 128) {
      const success = names.slice(at, at + 128).map((name) => {
        const bytes = sealEnvelope(dataKey, { storeId, scope: 'default', name }, 7, '{"values":{"K":"v"}}')
        const value = base64(packVersions([{ version: 7, bytes }]))
        return { request_put: { key: base64(`${prefix}secrets/default,${name}`), value } }
      })
      await ask(shared.url, 'kv/txn', { success })
    }
  }

  test('10,000 secrets are listed over pages, each once and in order, while others write', async () => {
    const [prefix, key] = [`list-${process.pid}/`, generateKey()]
    const open = () => etcdStore({ address: shared.url, prefix, key })
    const [store, other] = [open(), open()]
    await store.set('template', { K: 'v' })
    const names = Array.from({ length: 10_000 }, (_, index) => `a${String(index).padStart(5, '0')}`)
    await sow(prefix, key, names)
    let writing = true
    const writes = (async () => {
      for (let write = 0; writing; write += 1) {
        await other.set(`a${String((write * 37) % 10_000).padStart(5, '0')}`, { K: 'written meanwhile' })
        await other.set(`b${write}`, { K: 'v' })
      }
    })()
    const listed: string[] = []
    for await (const { name } of store.list({ prefix: 'a' })) listed.push(name)
    writing = false
    await writes
    expect(listed).toEqual(names)
  })
})
