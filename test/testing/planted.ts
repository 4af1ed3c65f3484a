/** Puts a canary where the secrets of the functions of fixtures/testing/paths.mjs stand. */
import { memoryStore, type MemoryStore } from 'latchkey'
import type { LeakProbe } from 'latchkey/testing'
import { store } from '../fixtures/testing/paths.mjs'

let scopes = 0

/** Gives the functions a canary of their own, and a scope, so that no process of another test serves the call. */
export async function planted(probe: LeakProbe): Promise<{ scope: string }> {
  const scope = `scope_${++scopes}`
  await store.set('api', { TOKEN: probe.canary('token'), PLAIN: 'plain-user-name' }, { scope })
  return { scope }
}

/** Makes a store in memory that holds the canary as TOKEN of the secret api. */
export function stored(probe: LeakProbe): MemoryStore {
  return memoryStore({ api: { TOKEN: probe.canary('token') } })
}
