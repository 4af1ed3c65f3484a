import { expect, test } from 'vitest'
import { startFixture } from '../../helpers/run-fixture.ts'
import { storeFolder } from '../../helpers/store-folder.ts'

const INCREMENTS = 150

test(`6 processes x ${INCREMENTS} increments of one secret, some killed: nothing is lost, nothing doubled`, async () => {
  const { open, path, key, entries } = storeFolder()
  const parts = ['A', 'B', 'C', 'D', 'E', 'F']
  const store = open()
  await store.set(
    'counter',
    Object.fromEntries([['ALL', '0'], ...parts.map((part) => [part, '0'])]) as Record<string, string>,
  )
  const counts = async () => (await store.get('counter'))!.values

  await Promise.all(
    parts.map(async (part, index) => {
      // Half of the processes are killed, each twice, right after an acknowledgement: their next write is on its way.
      const kills = index % 2 === 0 ? [4 + index, Math.floor(INCREMENTS / 2) + index] : []
      let acknowledged = 0
      for (let over = false; !over;) {
        const fixture = startFixture('count.mjs', {
          args: [path, part, String(INCREMENTS)],
          env: { LATCHKEY_KEY: key },
        })
        fixture.child.stdout?.on('data', (chunk: Buffer) => {
          acknowledged = Number(chunk.toString().trim().split('\n').at(-1))
          if (kills[0] === undefined || acknowledged < kills[0]) return
          kills.shift()
          fixture.child.kill('SIGKILL')
        })
        const { code, signal, stderr, lines } = await fixture.ended
        if (code !== 0 && signal !== 'SIGKILL') throw new Error(stderr)
        acknowledged = Math.max(acknowledged, Number(lines.at(-1) ?? 0))
        const stored = Number((await counts())[part])
        // The write that was on its way may have been done without being acknowledged; no other.
        expect([acknowledged, acknowledged + 1]).toContain(stored)
        over = code === 0
      }
    }),
  )
  expect({ ...(await counts()) }).toEqual({
    ALL: String(6 * INCREMENTS),
    ...Object.fromEntries(parts.map((part) => [part, String(INCREMENTS)])),
  })
  await store.set('last', { K: 'v' })
  expect(entries()).toEqual(['secrets.latchkey'])
})

test('what one process writes is read by another at once', async () => {
  const { open, path, key } = storeFolder()
  const store = open()
  await store.set('a', { K: '0' })
  const fixture = startFixture('echo.mjs', { args: [path], env: { LATCHKEY_KEY: key } })
  expect(await fixture.next()).toBe('ready')
  for (let index = 1; index <= 20; index += 1) {
    await store.set('a', { K: String(index) })
    fixture.child.stdin?.write('read\n')
    expect(await fixture.next()).toBe(String(index))
  }
  fixture.child.stdin?.end()
  expect((await fixture.ended).code).toBe(0)
})
