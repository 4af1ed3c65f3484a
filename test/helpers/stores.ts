/** Stores for tests: a memory store that answers later, and ones whose answers are broken. */
import type { MaybePromise, Secret, SecretInfo, SecretRequest, SecretStore, WritableSecretStore } from 'latchkey'
import { memoryStore } from 'latchkey'

/** A value that must show nowhere but in a child's environment. */
export const CANARY = 'canary-4f9a17c2'

/** A memory store whose every answer comes later. */
export function laterStore(initial: Parameters<typeof memoryStore>[0] = {}): WritableSecretStore {
  const inner = memoryStore(initial)
  return {
    ...inner,
    name: 'later',
    capabilities: { ...inner.capabilities, syncDescribe: false },
    describe: async (name, options) => {
      await Promise.resolve()
      return inner.describe(name, options)
    },
  }
}

/** A store that answers what it is told to, be that nonsense. */
export function answeringStore(answers: {
  describe?: (name: string) => unknown
  getMany?: (requests: readonly SecretRequest[], signal: AbortSignal | undefined) => unknown
}): SecretStore {
  return {
    ...memoryStore(),
    name: 'answering',
    capabilities: { ...memoryStore().capabilities, syncDescribe: false },
    describe: (name) => (answers.describe?.(name) ?? infoOf(name)) as MaybePromise<SecretInfo>,
    getMany: (requests, options) => {
      const answer = answers.getMany ?? (() => requests.map((request) => secretOf(request.name)))
      return answer(requests, options?.signal) as Promise<(Secret | undefined)[]>
    },
  }
}

/** What a secret with the one key TOKEN is, without its values. */
export function infoOf(name: string): SecretInfo {
  return { name, scope: 'default', version: '1', keys: ['TOKEN'] }
}

/** A secret with the one key TOKEN. */
export function secretOf(name: string, values: Readonly<Record<string, string>> = { TOKEN: 't' }): Secret {
  return { name, scope: 'default', version: '1', values }
}

/** Gives the scopes that a store lists; none where it cannot. */
export async function scopesOf(store: SecretStore): Promise<string[]> {
  const scopes: string[] = []
  if (store.scopes !== undefined) for await (const scope of store.scopes()) scopes.push(scope)
  return scopes
}
