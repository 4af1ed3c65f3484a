import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRegistry, memoryStore } from 'latchkey'
import { afterAll, describe, expect, test } from 'vitest'
import * as fixture from '../fixtures/worker/functions.mjs'
import { isAlive, until } from '../helpers/processes.ts'

const { pid, registry, seen, store, TOKEN } = fixture
const module = new URL('../fixtures/worker/functions.mjs', import.meta.url)
afterAll(() => registry.close())

describe('a child', () => {
  test('has its secrets before its module and its dependencies are evaluated', async () => {
    expect(await seen()).toMatchObject({ atTop: TOKEN, byDependency: TOKEN, api: TOKEN })
  })

  test('shows no secret in /proc/PID/environ or /proc/PID/cmdline', async () => {
    const child = await pid()
    for (const file of ['environ', 'cmdline']) {
      const text = readFileSync(`/proc/${child}/${file}`, 'latin1')
      expect(text.length).toBeGreaterThan(0)
      expect(text.includes(TOKEN)).toBe(false)
    }
  })

  test('gives what it starts its own variables, as any process does', async () => {
    expect(await fixture.grandchildEnvironment()).toContain('API_TOKEN')
  })

  test('opens no inspector on SIGUSR1', async () => {
    const child = await pid()
    process.kill(child, 'SIGUSR1')
    expect(await pid()).toBe(child)
    const listening = spawnSync('/bin/sh', ['-c', `ls -l /proc/${child}/fd`])
    expect(String(listening.stdout)).not.toContain(':9229')
  })
})

describe('what a function leaves behind in its process', () => {
  test.each([
    ['scope', { scope: 'other' }],
    ['partition', { partition: 'workflow-2' }],
  ])('is not there for another %s', async (_what, options) => {
    await store.set('api', { API_TOKEN: 'other-value-123', API_USER: 'eve' }, { scope: 'other' })
    await fixture.leaveBehind.with({ partition: 'left' })()
    expect(await fixture.leftBehind.with({ partition: 'left' })()).toEqual({
      patched: true,
      prototype: 'behind',
      timer: true,
    })
    expect(await fixture.leftBehind.with(options)()).toEqual({ patched: false, prototype: undefined, timer: false })
  })

  test("is not there for the next call under isolation 'call', which has a process of its own", async () => {
    const once = pid.with({ isolation: 'call' })
    const pids = [await once(), await once(), await once()]
    expect(new Set(pids).size).toBe(3)
    await until(() => pids.every((child) => !isAlive(child)))
  })
})

test("the host's environment is the same after 100 calls at once, and no call sees a variable of it beyond the allow-list", async () => {
  const before = { ...process.env }
  process.env['OF_THE_HOST'] = 'hidden'
  const during: boolean[] = []
  const calls = Array.from({ length: 100 }, async (_, index) => {
    const { names } = await seen.with({ partition: `p${index % 5}` })()
    during.push('API_TOKEN' in process.env)
    return names
  })
  for (const names of await Promise.all(calls)) expect(names).not.toContain('OF_THE_HOST')
  expect(during).not.toContain(true)
  delete process.env['OF_THE_HOST']
  expect({ ...process.env }).toEqual(before)
})

test('two scopes whose calls are interleaved 200 times each see their own secrets', async () => {
  await store.set('api', { API_TOKEN: 'of-the-other-scope', API_USER: 'eve' }, { scope: 'interleaved' })
  const calls = Array.from({ length: 200 }, async (_, index) => {
    const scope = index % 2 === 0 ? 'default' : 'interleaved'
    const { atTop, api, byDependency } = await seen.with({ scope })()
    return [scope, atTop, api, byDependency]
  })
  const tokens = { default: TOKEN, interleaved: 'of-the-other-scope' }
  for (const [scope, ...found] of await Promise.all(calls)) {
    expect(new Set(found)).toEqual(new Set([tokens[scope as keyof typeof tokens]]))
  }
})

test('calls one after another share one warm process', async () => {
  const pids = new Set<number>()
  for (let index = 0; index < 100; index++) pids.add(await pid())
  expect(pids.size).toBe(1)
})

test('two functions of a module with the same requirements share a process; one with others does not', async () => {
  const shared = (await fixture.seen(), await pid())
  const bare = registry.register({ name: 'pid_without_secrets', module })(() => Promise.resolve(0))
  await expect(bare()).rejects.toMatchObject({ code: 'NOT_REGISTERED_IN_CHILD' })
  expect(await pid()).toBe(shared)
})

test('a new version is seen by the next call, and ends the process of the old one', async () => {
  const before = await pid()
  await store.set('api', { API_TOKEN: 'rotated-0123456789', API_USER: 'bob' })
  expect(await seen()).toMatchObject({ atTop: 'rotated-0123456789', api: 'rotated-0123456789' })
  await until(() => !isAlive(before))
})

test('large values, newlines and letters beyond ASCII arrive to the letter', async () => {
  const values = {
    HALF_MEGABYTE: 'é'.repeat(262_144),
    LARGE: 'x'.repeat(200_000),
    LINES: '-----BEGIN KEY-----\r\nabc\n\tdef\n-----END KEY-----\n',
    LETTERS: 'äöü 漢字 🗝️ "quoted" $HOME `x` \\ %20',
    EMPTY: '',
  }
  const big = createRegistry({
    store: memoryStore({ big: values, more: { OTHER: 'y'.repeat(1_048_576) } }),
    onLog: false,
  })
  const variables = big.register({
    name: 'variables',
    secrets: ['big', 'more'],
    module: new URL('variables.mjs', module),
  })((): Promise<Record<string, string>> => Promise.resolve({}))
  const { OTHER, ...rest } = await variables()
  expect(rest).toMatchObject(values)
  expect(OTHER).toHaveLength(1_048_576)
  await big.close()
})

test('the preload list is imported before a child has a secret, and failing to import it fails the call', async () => {
  const preloading = createRegistry({ store, pool: { preload: ['tinypool'] }, onLog: false })
  const call = preloading.register({ name: 'pid', secrets: ['api'], module })(() => Promise.resolve(0))
  expect(await call()).toBeGreaterThan(0)
  await preloading.close()
  const failing = createRegistry({ store, pool: { preload: ['no-such-package'] }, onLog: false })
  const never = failing.register({ name: 'pid', secrets: ['api'], module })(() => Promise.resolve(0))
  await expect(never()).rejects.toMatchObject({ code: 'WORKER_START_FAILED', exitCode: 1 })
  await failing.close()
})
