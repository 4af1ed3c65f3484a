import { expect, test } from 'vitest'
import { nodeVaultHost } from '../../../src/stores/vault/host.ts'

/** What keeps the process alive. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('a timer keeps no process alive, and can be cancelled', () => {
  const before = timers()
  const cancel = nodeVaultHost.after(60_000, () => undefined)
  expect(timers()).toBe(before)
  cancel()
})

test('a timer calls', async () => {
  await new Promise<void>((resolve) => nodeVaultHost.after(1, resolve))
})

test('a pause ends by itself, and at once when its signal aborts', async () => {
  await nodeVaultHost.delay(1, new AbortController().signal)
  const giving = new AbortController()
  const pause = nodeVaultHost.delay(60_000, giving.signal)
  giving.abort(new Error('enough'))
  await pause
  await nodeVaultHost.delay(60_000, giving.signal)
})

test('a file is read as text', async () => {
  expect(await nodeVaultHost.readFile(new URL(import.meta.url).pathname)).toContain('a file is read as text')
})
