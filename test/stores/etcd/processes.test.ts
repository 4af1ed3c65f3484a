import { afterEach, test } from 'vitest'
import { generateKey } from 'latchkey'
import { etcdStore } from 'latchkey/stores/etcd'
import { describeEngine, sharedEngine } from '../../helpers/engines.ts'
import { ask, base64, ETCD_WANTED, etcdHere, startEtcd } from '../../helpers/engines/etcd.ts'
import { hostsOf } from '../../helpers/engines/hosts.ts'
import { countTogether, finishKilledRotation, isHeard, useForTheFirstTime } from '../../helpers/engines/scenarios.ts'

describeEngine('etcd', etcdHere(), ETCD_WANTED, (here) => {
  const shared = sharedEngine(here, startEtcd)
  let count = 0
  const hosts = hostsOf('etcd')
  afterEach(() => hosts.endAll())

  const host = (prefix: string, key: string) => hosts.start(shared.url, prefix, key)
  const place = () => ({ prefix: `hosts-${process.pid}-${(count += 1)}/`, key: generateKey() })

  test('two hosts that use it for the first time share one keyring, and a write on one is heard by the other', async () => {
    const { prefix, key } = place()
    const [one, two] = [host(prefix, key), host(prefix, key)]
    await useForTheFirstTime(one, two)
    await isHeard(one, two)
  })

  test('20 writers in two processes, 50 writes each: every write that was acknowledged counts, and no other', async () => {
    const { prefix, key } = place()
    const [one, two] = [host(prefix, key), host(prefix, key)]
    await countTogether(one, two)
  })

  test('a rotation that is killed in the middle, while others write, is finished by another host', async () => {
    const { prefix, key } = place()
    const open = () => etcdStore({ address: shared.url, prefix, key })
    const store = open()
    const names = Array.from({ length: 100 }, (_, index) => `a${String(index).padStart(3, '0')}`)
    await Promise.all(names.map((name) => store.set(name, { K: name })))
    const kids = async (): Promise<number> => {
      const range = { key: base64(`${prefix}secrets/`), range_end: base64(`${prefix}secrets0`) }
      const { kvs } = (await ask(shared.url, 'kv/range', range)) as { kvs: { value: string }[] }
      const found = new Set<string>()
      for (const { value } of kvs) {
        const packed = Buffer.from(value, 'base64')
        for (let at = 0; at < packed.length; at += 4 + packed.readUInt32BE(at)) {
          found.add(packed.subarray(at + 6, at + 14).toString('hex'))
        }
      }
      return found.size
    }
    await finishKilledRotation({ open, names, kids, start: () => host(prefix, key) })
  })
})
