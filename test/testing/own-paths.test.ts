import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { createRegistry, envStore, fileStore, generateKey, memoryStore, resolveTemplate } from 'latchkey'
import { failingStore, probeLeaks } from 'latchkey/testing'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import * as paths from '../fixtures/testing/paths.mjs'
import { planted } from './planted.ts'
import { shownInEveryWay } from './shown.ts'

const EVERYTHING = { depth: Infinity, showHidden: true, getters: true, customInspect: false }
const CLEAN = { ok: true, leaks: [], unseen: [] }
// A folder for temporary files of its own: others write to the common one.
const folder = mkdtempSync(join(tmpdir(), 'latchkey-own-paths-'))
process.env['TMPDIR'] = folder
afterAll(async () => {
  await paths.registry.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  paths.lines.length = 0
})

describe('no canary shows where a call', () => {
  test.each([
    ['succeeds', paths.succeeds],
    ['gives a redacted result', paths.redacted],
  ])('%s', async (_, call) => {
    const report = await probeLeaks(async (probe) => {
      const result = await call.with(await planted(probe))()
      probe.look('lines', paths.lines)
      return result
    })
    expect(report).toEqual(CLEAN)
  })

  // The errors that have a code of their own are walked through in own-errors.test.ts.
  test.each<[string, (options: { scope: string }) => Promise<unknown>]>([
    ['CallError', (options) => paths.fails.with(options)()],
    ['CallError inline', (options) => paths.fails.with({ ...options, isolation: 'inline' })()],
    ['an abort', (options) => paths.hangs.with({ ...options, signal: AbortSignal.timeout(1_500) })()],
  ])('ends with %s', async (_, call) => {
    const report = await probeLeaks(
      async (probe) => {
        try {
          return await call(await planted(probe))
        } finally {
          probe.look('lines', paths.lines)
        }
      },
      { throws: true },
    )
    expect(report).toEqual(CLEAN)
  })
})

// Where a function prints a secret, NODE_DEBUG=stream has Node itself print what the host reads from its pipe.
const SECTIONS = 'child_process,cluster,diagnostics,esm,fs,http,ipc,module,net,timer,tls,worker'

test.each([
  ['NODE_DEBUG=*', '*', 'quiet'],
  ['every section of NODE_DEBUG but stream, whose functions print the canary', SECTIONS, 'prints'],
])('a host with %s that shows everything it has in every way shows no canary', async (_, NODE_DEBUG, mode) => {
  let end = ''
  const report = await probeLeaks(async (probe) => {
    const host = fileURLToPath(new URL('../fixtures/testing/host.mjs', import.meta.url))
    const { PATH = '' } = process.env
    const child = spawn(process.execPath, [host, mode], { env: { PATH, NODE_DEBUG } })
    probe.watch(child)
    child.stdout.on('data', (chunk: Buffer) => (end = `${end}${String(chunk)}`.slice(-100)))
    child.stdin.end(probe.canary('token'))
    await once(child, 'close')
  })
  expect(report).toEqual(CLEAN)
  expect(end).toContain('the end')
})

describe('no canary shows in', () => {
  const stores = {
    memory: (token: string) => memoryStore({ api: { TOKEN: token } }),
    file: async (token: string) => {
      const store = fileStore({ path: join(folder, 'store.latchkey'), key: generateKey() })
      await store.set('api', { TOKEN: token })
      return store
    },
  }

  test('the environment store', async () => {
    const report = await probeLeaks(
      async (probe) => {
        const store = envStore({ env: { LATCHKEY_SECRET__api__TOKEN: probe.canary('token') } })
        const broken = envStore({ env: { LATCHKEY_SECRETS: `{"default": ${probe.canary('token')}` } })
        probe.look('store', [store, store.describe('api'), inspect(store, EVERYTHING)])
        await broken.get('api')
      },
      { throws: true },
    )
    expect(report).toEqual(CLEAN)
  })

  test.each(['memory', 'file'] as const)('the %s store, its registry, and the errors of both', async (name) => {
    const report = await probeLeaks(
      async (probe) => {
        const store = await stores[name](probe.canary('token'))
        const registry = createRegistry({ store: failingStore(store, { call: 3 }), onLog: false, missing: 'defer' })
        const call = registry.register({ name: 'call', secrets: ['api'], module: 'file:///none.mjs' })(() => 1)
        const failures: unknown[] = []
        const failing = async (run: () => unknown) => {
          try {
            failures.push(await run())
          } catch (error) {
            failures.push(error)
          }
        }
        await failing(() => registry.ready())
        await failing(call)
        await failing(call)
        await failing(() => store.set('bad name', { TOKEN: probe.canary('token') }))
        await failing(() => store.set('api', { 'bad key': probe.canary('token') }))
        await failing(() => store.set('api', { TOKEN: `${probe.canary('token')}\0` }))
        await failing(() => store.set('api', { TOKEN: probe.canary('token') }, { ifVersion: 'other' }))
        await failing(() => resolveTemplate('{{ SECRETS.api.NONE }}', { SECRETS: store }))
        await failing(() => resolveTemplate({ '{{ SECRETS.api.TOKEN }}': 1 }, { SECRETS: store }))
        await failing(() => store.describe('api'))
        await registry.close()
        await store.close?.()
        probe.look('all', [store, registry, call, call.definition, registry.functions(), registry.stats(), failures])
        probe.look('shown', shownInEveryWay(store, registry, call, failures))
        console.log(store, registry, call, failures)
        await call()
      },
      { throws: true },
    )
    expect(report).toEqual(CLEAN)
  })
})
