import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { generateKey } from 'latchkey'
import { etcdStore } from 'latchkey/stores/etcd'
import { describeEngine } from '../../helpers/engines.ts'
import { ask, base64, ETCD_WANTED, etcdHere, startEtcd } from '../../helpers/engines/etcd.ts'
import type { StartedEtcd } from '../../helpers/engines/etcd.ts'
import { startFixture } from '../../helpers/run-fixture.ts'
import type { Fixture } from '../../helpers/run-fixture.ts'

type Answer = { done?: unknown; failed?: string; heard?: string; version?: string; checked?: number }

describeEngine('etcd', etcdHere(), ETCD_WANTED, (here) => {
  let started: StartedEtcd | undefined
  let url = ''
  let count = 0
  const hosts: Fixture[] = []
  beforeAll(async () => {
    started = 'binary' in here ? await startEtcd(here.binary) : undefined
    url = 'url' in here ? here.url : (started?.url ?? '')
  }, 120_000)
  afterEach(async () => {
    for (const { child } of hosts) child.kill('SIGKILL')
    await Promise.all(hosts.splice(0).map(({ ended }) => ended))
  })
  afterAll(() => started?.remove())

  /** Starts a host; `ask` gives the next line that it writes after a command. */
  const host = (prefix: string, key: string) => {
    const fixture = startFixture('host.mjs', { of: 'etcd', args: [url, prefix, key] })
    hosts.push(fixture)
    const next = async (): Promise<Answer> => JSON.parse(await fixture.next()) as Answer
    const send = (...command: string[]) => fixture.child.stdin?.write(`${JSON.stringify(command)}\n`)
    return {
      fixture,
      next,
      send,
      async ask(...command: string[]) {
        send(...command)
        const answer = await next()
        expect(answer).toHaveProperty('done')
        return answer.done
      },
    }
  }
  const place = () => ({ prefix: `hosts-${process.pid}-${(count += 1)}/`, key: generateKey() })

  test('two hosts that use it for the first time share one keyring, and a write on one is heard by the other', async () => {
    const { prefix, key } = place()
    const [one, two] = [host(prefix, key), host(prefix, key)]
    await Promise.all([one.ask('set', 'a', 'of one'), two.ask('set', 'b', 'of two')])
    expect(await one.ask('get', 'b')).toBe('of two')
    expect(await two.ask('get', 'a')).toBe('of one')
    await one.ask('watch')
    const version = await two.ask('set', 'a', 'again')
    expect(await one.next()).toEqual({ heard: 'a', version })
    expect(await one.ask('get', 'a')).toBe('again')
  }, 60_000)

  test('a rotation that is killed in the middle, while others write, is finished by another host', async () => {
    const { prefix, key } = place()
    const store = etcdStore({ address: url, prefix, key })
    const rotating = host(prefix, key)
    const names = Array.from({ length: 100 }, (_, index) => `a${String(index).padStart(3, '0')}`)
    await Promise.all(names.map((name) => store.set(name, { K: name })))
    const kids = async (): Promise<number> => {
      const range = { key: base64(`${prefix}secrets/`), range_end: base64(`${prefix}secrets0`) }
      const { kvs } = (await ask(url, 'kv/range', range)) as { kvs: { value: string }[] }
      const found = new Set<string>()
      for (const { value } of kvs) {
        const packed = Buffer.from(value, 'base64')
        for (let at = 0; at < packed.length; at += 4 + packed.readUInt32BE(at)) {
          found.add(packed.subarray(at + 6, at + 14).toString('hex'))
        }
      }
      return found.size
    }
    let over = false
    const writes = (async () => {
      let written = 0
      for (; !over; written += 1) {
        await store.set(`b${written}`, { K: `${written}` })
        await store.set('a000', { K: 'a000' })
      }
      return written
    })()

    rotating.send('rotate')
    expect((await rotating.next()).checked).toBe(16)
    rotating.fixture.child.kill('SIGKILL')
    await rotating.fixture.ended
    expect(await kids()).toBe(2)
    const fresh = etcdStore({ address: url, prefix, key })
    const found = await fresh.getMany(names.map((name) => ({ name })))
    expect(found.map((secret) => secret?.values['K'])).toEqual(names)

    const finishing = host(prefix, key)
    finishing.send('rotate')
    let answer = await finishing.next()
    while (answer.checked !== undefined) answer = await finishing.next()
    expect(answer).toEqual({ done: null })
    over = true
    const written = await writes
    expect(written).toBeGreaterThan(0)
    const last = etcdStore({ address: url, prefix, key })
    const all = [...names, ...Array.from({ length: written }, (_, index) => `b${index}`)]
    const kept = await last.getMany(all.map((name) => ({ name })))
    expect(kept.map((secret) => secret?.values['K'])).toEqual(all.map((name) => name.replace(/^b/, '')))
    expect(await kids()).toBe(1)
  }, 240_000)
})
