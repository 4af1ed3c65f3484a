import { afterAll, beforeAll, test } from 'vitest'
import { generateKey } from 'latchkey'
import { etcdStore } from 'latchkey/stores/etcd'
import { describeEngine } from '../../helpers/engines.ts'
import { etcdBinary, startEtcd } from '../../helpers/engines/etcd.ts'
import type { StartedEtcd } from '../../helpers/engines/etcd.ts'
import { liveThroughCrashes } from '../../helpers/engines/scenarios.ts'

describeEngine('etcd', etcdBinary(), 'etcd on PATH', (binary) => {
  let server: StartedEtcd
  beforeAll(async () => {
    server = await startEtcd(binary)
  })
  afterAll(() => server.remove())

  test('is killed and comes back: no acknowledged write is lost, nothing there is read as absent, nobody restarts', async () => {
    const key = generateKey()
    await liveThroughCrashes({
      open: () => etcdStore({ address: server.url, key }),
      secrets: 4,
      writes: 20,
      failures: 8,
      crash: () => server.kill(),
      restart: () => server.start(),
    })
  })
})
