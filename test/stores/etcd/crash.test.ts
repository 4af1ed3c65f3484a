import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateKey } from 'latchkey'
import { etcdStore } from 'latchkey/stores/etcd'
import { describeEngine } from '../../helpers/engines.ts'
import { etcdBinary, startEtcd } from '../../helpers/engines/etcd.ts'
import type { StartedEtcd } from '../../helpers/engines/etcd.ts'
import { until } from '../../helpers/processes.ts'

describeEngine('etcd', etcdBinary(), 'etcd on PATH', (binary) => {
  let server: StartedEtcd
  beforeAll(async () => {
    server = await startEtcd(binary)
  }, 120_000)
  afterAll(() => server.remove())

  test('is killed and comes back: no acknowledged write is lost, nothing there is read as absent, nobody restarts', async () => {
    const key = generateKey()
    const open = () => etcdStore({ address: server.url, key })
    const [writer, reader] = [open(), open()]
    const names = Array.from({ length: 4 }, (_, index) => `a${index}`)
    const acknowledged = new Map(names.map((name) => [name, 0]))
    for (const name of names) await writer.set(name, { COUNT: '0' })
    const told = new Map<string, string | undefined>()
    await reader.watch(({ name, version }) => told.set(name, version))

    const wrong: string[] = []
    let over = false
    let failures = 0
    let writes = 0
    const expected = (error: unknown): void => {
      failures += 1
      const { code, message } = error as { code?: unknown; message: string }
      if (code !== 'UNAVAILABLE') wrong.push(`${String(code)}: ${message}`)
    }
    const write = async (name: string): Promise<void> => {
      for (let count = 1; !over; count += 1) {
        try {
          await writer.set(name, { COUNT: String(count) })
          acknowledged.set(name, count)
          writes += 1
        } catch (error) {
          expected(error)
        }
      }
    }
    const read = async (name: string): Promise<void> => {
      while (!over) {
        const least = acknowledged.get(name) ?? 0
        try {
          const secret = await reader.get(name)
          if (secret === undefined) wrong.push(`${name} was not there`)
          else if (Number(secret.values['COUNT']) < least) wrong.push(`${name} was older than what was acknowledged`)
        } catch (error) {
          expected(error)
        }
      }
    }
    const running = names.flatMap((name) => [write(name), read(name)])
    for (let crash = 0; crash < 3; crash += 1) {
      const before = writes
      await until(() => writes > before + 20, 60_000)
      await server.kill()
      const failed = failures
      await until(() => failures > failed + 8, 60_000)
      await server.start()
    }
    const before = writes
    await until(() => writes > before + 20, 60_000)
    over = true
    await Promise.all(running)
    expect(wrong).toEqual([])
    for (const name of names) {
      expect(Number((await open().get(name))?.values['COUNT'])).toBeGreaterThanOrEqual(acknowledged.get(name) ?? 0)
    }
    // The watch is there again by itself, and has told of the last version of each.
    const last = await reader.getMany(names.map((name) => ({ name })))
    await until(() => last.every((secret) => secret !== undefined && told.get(secret.name) === secret.version), 60_000)
    await writer.set('after', { K: 'v' })
    await until(() => told.has('after'), 60_000)
    for (const store of [writer, reader]) await store.close()
  }, 240_000)
})
