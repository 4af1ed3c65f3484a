/** What every sealed store on an engine must live through. A test brings the engine, its stores and its hosts. */
import { expect } from 'vitest'
import type { SecretStore, WritableSecretStore } from '../../../src/store.ts'
import { until } from '../processes.ts'
import type { Host } from './hosts.ts'

/** Two hosts write for the first time at once: one makes the keyring, the other uses it. */
export async function useForTheFirstTime(one: Host, two: Host): Promise<void> {
  await Promise.all([one.ask('set', 'a', 'of one'), two.ask('set', 'b', 'of two')])
  expect(await one.ask('get', 'b')).toBe('of two')
  expect(await two.ask('get', 'a')).toBe('of one')
}

/** What one host writes, another one that watches is told of, and reads. */
export async function isHeard(listener: Host, writer: Host): Promise<void> {
  await listener.ask('watch')
  const version = await writer.ask('set', 'a', 'again')
  expect(await listener.next()).toEqual({ heard: 'a', version })
  expect(await listener.ask('get', 'a')).toBe('again')
}

/** Ten writers in each of two hosts count the same secret up, 50 times each, each by comparing its version. */
export async function countTogether(one: Host, two: Host): Promise<void> {
  await one.ask('set', 'counter', '0')
  const conflicts = await Promise.all([
    one.ask('count', 'counter', '10', '50'),
    two.ask('count', 'counter', '10', '50'),
  ])
  expect(await two.ask('get', 'counter')).toBe('1000')
  expect((conflicts.flat() as number[]).reduce((sum, some) => sum + some, 0)).toBeGreaterThan(0)
}

/** A rotation to be killed in its middle. */
export interface KilledRotation<Store> {
  /** Makes a store that knows nothing yet. */
  open(): Store
  /** The names of the secrets, each holding its own as `K`. */
  readonly names: readonly string[]
  /** Tells how many data keys there are records of. */
  kids(): Promise<number | undefined>
  start(): Host | Promise<Host>
  /** The command of the first rotation. Default: `rotate`. */
  readonly begin?: string
}

/** Kills a host that rotates the data key, while others write, and has another host finish it. Gives a store that reads what is kept. */
export async function finishKilledRotation<Store extends WritableSecretStore>({
  open,
  names,
  kids,
  start,
  begin,
}: KilledRotation<Store>): Promise<Store> {
  const valuesOf = async (store: SecretStore, of: readonly string[]): Promise<(string | undefined)[]> => {
    const found = await store.getMany(of.map((name) => ({ name })))
    return found.map((secret) => secret?.values['K'])
  }
  const store = open()
  let over = false
  const writes = (async () => {
    let written = 0
    for (; !over; written += 1) {
      await store.set(`b${written}`, { K: `${written}` })
      await store.set('a000', { K: 'a000' })
    }
    return written
  })()

  const rotating = await start()
  rotating.send(begin ?? 'rotate')
  expect((await rotating.next()).checked).toBe(16)
  rotating.fixture.child.kill('SIGKILL')
  await rotating.fixture.ended
  expect(await kids()).toBe(2)
  expect(await valuesOf(open(), names)).toEqual(names)

  const finishing = await start()
  finishing.send('rotate')
  let answer = await finishing.next()
  while (answer.checked !== undefined) answer = await finishing.next()
  expect(answer).toEqual({ done: null })
  over = true
  const written = await writes
  expect(written).toBeGreaterThan(0)
  const last = open()
  const all = [...names, ...Array.from({ length: written }, (_, index) => `b${index}`)]
  expect(await valuesOf(last, all)).toEqual(all.map((name) => name.replace(/^b/, '')))
  expect(await kids()).toBe(1)
  return last
}

/** An engine that is killed again and again. */
export interface Crashes {
  open(): WritableSecretStore
  /** How many secrets are written and read at once. */
  readonly secrets: number
  /** How many writes are waited for before each crash, and how many failures after it. */
  readonly writes: number
  readonly failures: number
  crash(): Promise<void>
  restart(): Promise<void>
}

/** Crashes an engine three times under writes, reads and a watch: nothing acknowledged is lost, and nobody restarts. */
export async function liveThroughCrashes({ open, secrets, crash, restart, ...enough }: Crashes): Promise<void> {
  const [writer, reader] = [open(), open()]
  const names = Array.from({ length: secrets }, (_, index) => `a${index}`)
  const acknowledged = new Map(names.map((name) => [name, 0]))
  for (const name of names) await writer.set(name, { COUNT: '0' })
  const told = new Map<string, string | undefined>()
  await reader.watch?.(({ name, version }) => told.set(name, version))

  const wrong: string[] = []
  let over = false
  let failures = 0
  let writes = 0
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act()
    } catch (error) {
      failures += 1
      const { code, message } = error as { code?: unknown; message: string }
      if (code !== 'UNAVAILABLE') wrong.push(`${String(code)}: ${message}`)
    }
    // A store that fails at once must not keep this process from hearing of the engine's return.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const write = async (name: string): Promise<void> => {
    for (let count = 1; !over; count += 1) {
      await attempt(async () => {
        await writer.set(name, { COUNT: String(count) })
        acknowledged.set(name, count)
        writes += 1
      })
    }
  }
  const read = async (name: string): Promise<void> => {
    while (!over) {
      const least = acknowledged.get(name) ?? 0
      await attempt(async () => {
        const secret = await reader.get(name)
        if (secret === undefined) wrong.push(`${name} was not there`)
        else if (Number(secret.values['COUNT']) < least) wrong.push(`${name} was older than what was acknowledged`)
      })
    }
  }
  const moreWrites = (): Promise<void> => {
    const before = writes
    return until(() => writes > before + enough.writes)
  }
  const running = names.flatMap((name) => [write(name), read(name)])
  for (let round = 0; round < 3; round += 1) {
    await moreWrites()
    await crash()
    const failed = failures
    await until(() => failures > failed + enough.failures)
    await restart()
  }
  await moreWrites()
  over = true
  await Promise.all(running)
  expect(wrong).toEqual([])
  for (const name of names) {
    expect(Number((await open().get(name))?.values['COUNT'])).toBeGreaterThanOrEqual(acknowledged.get(name) ?? 0)
  }
  // The watch is there again by itself, and has told of the last version of each.
  const last = await reader.getMany(names.map((name) => ({ name })))
  await until(() => last.every((secret) => secret !== undefined && told.get(secret.name) === secret.version))
  await writer.set('after', { K: 'v' })
  await until(() => told.has('after'))
  for (const store of [writer, reader]) await store.close()
}
