import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Secret } from '../../../src/secret.ts'
import { nodeDirectorySystem } from '../../../src/stores/directory/file-system.ts'
import type { DirectorySystem } from '../../../src/stores/directory/file-system.ts'
import { generation, writeVolume } from '../../fixtures/directory/kubelet.mjs'
import { mount } from '../../helpers/mounts.ts'
import { startFixture } from '../../helpers/run-fixture.ts'
import { rejection, thrownBy } from '../../helpers/thrown.ts'

/** The number of the generation that a secret is of; both keys must be of the same. */
function generationOf(secret: Secret | undefined): string {
  expect(Object.keys(secret?.values ?? {}).sort()).toEqual(['GH_ACCESS_TOKEN', 'GH_USERNAME'])
  const [token, user] = ['GH_ACCESS_TOKEN', 'GH_USERNAME'].map((key) => secret?.values[key]?.split(' ')[1])
  expect(token).toBe(user)
  return token ?? ''
}

/** A system that calls `before` with the number of each call, from 1, and its name. */
function systemThat(before: (call: number, name: string) => void): DirectorySystem {
  let calls = 0
  const counted = Object.entries(nodeDirectorySystem).map(([name, call]: [string, (...args: never[]) => unknown]) => {
    const counting = (...args: never[]): unknown => {
      calls += 1
      before(calls, name)
      return call(...args)
    }
    return [name, counting]
  })
  return Object.fromEntries(counted) as DirectorySystem
}

/** Puts a new directory in the place of an old one. */
function replace(secret: string, values: Readonly<Record<string, string>>): void {
  mkdirSync(`${secret}.next`)
  for (const [key, value] of Object.entries(values)) writeFileSync(join(`${secret}.next`, key), value)
  renameSync(secret, `${secret}.old`)
  renameSync(`${secret}.next`, secret)
  rmSync(`${secret}.old`, { recursive: true })
}

describe('a volume that is swapped as a kubelet does', () => {
  test('2,000 times during reads gives no torn secret, no error and no absence', async () => {
    const { path, open } = mount()
    const volume = join(path, 'github')
    writeVolume(volume, generation(0))
    const store = open()
    const swapping = startFixture('../directory/swap-volume.mjs', { args: [volume, '2000'] })
    let over = false
    void swapping.ended.then(() => {
      over = true
    })
    const seen = new Set<string>()
    while (!over) {
      for (let reads = 0; reads < 20; reads += 1) {
        const [one, chosen] = await store.getMany([{ name: 'github' }, { name: 'github', keys: ['GH_USERNAME'] }])
        seen.add(generationOf(one))
        // Of one call, also two answers are of one generation.
        expect(chosen?.values).toEqual({ GH_USERNAME: one?.values['GH_USERNAME'] })
        generationOf(await store.get('github'))
        expect(store.describe('github')?.keys).toEqual(['GH_ACCESS_TOKEN', 'GH_USERNAME'])
      }
      for await (const info of store.list()) expect(info.keys).toHaveLength(2)
      await turn()
    }
    expect((await swapping.ended).lines).toEqual(['swapped 2000 times'])
    expect(generationOf(await store.get('github'))).toBe('2000')
    // Otherwise the two did not run at the same time, and nothing was tested.
    expect(seen.size).toBeGreaterThan(20)
  })

  test.each(['directories', 'files'] as const)(
    'before any one call of the system is read whole: %s',
    async (layout) => {
      const content = (number: number): Record<string, string> => {
        return layout === 'directories' ? generation(number) : { 'github.json': JSON.stringify(generation(number)) }
      }
      for (let at = 1; ; at += 1) {
        const { path, open } = mount()
        const volume = layout === 'directories' ? join(path, 'github') : path
        writeVolume(volume, content(1))
        let swapped = false
        const system = systemThat((call) => {
          if (call !== at) return
          swapped = true
          writeVolume(volume, content(2))
        })
        const store = open({ layout }, system)
        const number = generationOf(await store.get('github'))
        if (!swapped) return
        expect(['1', '2']).toContain(number)
        expect(generationOf(await store.get('github'))).toBe('2')
      }
    },
  )

  test('before any one call of the system is read whole, also while half of the old files are removed', async () => {
    for (let at = 1; ; at += 1) {
      const { path, open } = mount()
      const volume = join(path, 'github')
      writeVolume(volume, generation(1))
      let swapped = false
      const system = systemThat((call) => {
        if (call !== at) return
        swapped = true
        writeVolume(volume, generation(2), (before) => {
          rmSync(join(before, 'GH_USERNAME'))
        })
      })
      generationOf(await open({}, system).get('github'))
      if (!swapped) return
    }
  })

  test('before any one call of the system, from having a key to having another, is never read as having neither', async () => {
    for (let at = 1; ; at += 1) {
      const { path, open } = mount()
      const volume = join(path, 'a')
      writeVolume(volume, { OLD: 'x' })
      let swapped = false
      const system = systemThat((call) => {
        if (call !== at) return
        swapped = true
        writeVolume(volume, { NEW: 'x' })
      })
      const values = (await open({}, system).get('a'))?.values ?? {}
      expect([['OLD'], ['NEW']]).toContainEqual(Object.keys(values))
      if (!swapped) return
    }
  })

  test('at every attempt to read it ends in UNAVAILABLE, not in a torn secret or in no end', async () => {
    const { path, open } = mount()
    const volume = join(path, 'github')
    writeVolume(volume, generation(0))
    const system = systemThat((call, name) => {
      if (name === 'readdir') writeVolume(volume, generation(call))
    })
    const store = open({}, system)
    const error = { code: 'UNAVAILABLE', retryable: true }
    expect(await rejection(store.get('github'))).toMatchObject(error)
    expect(thrownBy(() => store.describe('github'))).toMatchObject(error)
  })
})

test('a function gets what is mounted in its child, and the next call after a swap gets what is mounted then', async () => {
  const { path } = mount()
  writeVolume(join(path, 'github'), generation(1))
  const { ended } = startFixture('../directory/call.mjs', { env: { MOUNT: path } })
  expect(await ended).toMatchObject({
    lines: ['["token 1","user 1",null]', '["token 2","user 2",null]', 'MISSING_SECRETS'],
    stderr: '',
    code: 0,
  })
})

describe('a directory that another takes the place of', () => {
  test('before any one call of the system is read whole', async () => {
    for (let at = 1; ; at += 1) {
      const { path, write, open } = mount()
      write({ 'github/GH_ACCESS_TOKEN': 'token 1', 'github/GH_USERNAME': 'user 1' })
      let replaced = false
      const system = systemThat((call) => {
        if (call !== at) return
        replaced = true
        replace(join(path, 'github'), generation(2))
      })
      const number = generationOf(await open({}, system).get('github'))
      if (!replaced) return
      expect(['1', '2']).toContain(number)
    }
  })

  test('500 times during reads is read whole, or not at all while it is not there', async () => {
    const { path, write, open } = mount()
    write({ 'github/GH_ACCESS_TOKEN': 'token 0', 'github/GH_USERNAME': 'user 0' })
    const store = open()
    const replacing = startFixture('../directory/replace-directory.mjs', { args: [join(path, 'github'), '500'] })
    let over = false
    void replacing.ended.then(() => {
      over = true
    })
    const seen = new Set<string>()
    while (!over) {
      for (let reads = 0; reads < 20; reads += 1) {
        const secret = await store.get('github')
        if (secret !== undefined) seen.add(generationOf(secret))
      }
      await turn()
    }
    expect((await replacing.ended).lines).toEqual(['replaced 500 times'])
    expect(generationOf(await store.get('github'))).toBe('500')
    expect(seen.size).toBeGreaterThan(5)
  })
})

test('a file that gets another name before any one call of the system is never seen under both', async () => {
  for (let at = 1; ; at += 1) {
    const { path, write, open } = mount()
    write({ 'a.json': '{"KEY":"x"}' })
    // Older systems keep times in steps of milliseconds: what was made just now would seem unchanged.
    utimesSync(path, 0, 0)
    let renamed = false
    const system = systemThat((call) => {
      if (call !== at) return
      renamed = true
      renameSync(join(path, 'a.json'), join(path, 'a'))
    })
    const values = (await open({ layout: 'files' }, system).get('a'))?.values
    expect([{ KEY: 'x' }, { a: '{"KEY":"x"}' }]).toContainEqual({ ...values })
    if (!renamed) return
  }
})

describe('the store directory', () => {
  test('that is gone before any one call of the system is UNAVAILABLE, or was read whole; never absence', async () => {
    for (let at = 1; ; at += 1) {
      const { path, open } = mount()
      const root = join(path, 'mnt')
      writeVolume(join(root, 'github'), generation(1))
      let gone = false
      const system = systemThat((call) => {
        if (call !== at) return
        gone = true
        renameSync(root, join(path, 'elsewhere'))
      })
      const store = open({ path: root }, system)
      const answer = await store.get('github').catch((error: unknown) => error)
      if (answer instanceof Error) expect(answer).toMatchObject({ code: 'UNAVAILABLE' })
      else expect(generationOf(answer as Secret | undefined)).toBe('1')
      if (!gone) return
      const missing = await open({ path: root })
        .get('github')
        .catch((error: unknown) => error)
      expect(missing).toMatchObject({ code: 'UNAVAILABLE' })
    }
  })
})
