/** A store of plain records that writes down what it was asked. */
import type { Secret, SecretInfo } from '../../src/secret.ts'
import type { SecretRequest, SecretStore } from '../../src/store.ts'

interface Asked {
  readonly requests: readonly SecretRequest[]
  readonly options: unknown
}

export interface RecordingStore extends Pick<SecretStore, 'getMany' | 'describe'> {
  readonly asked: Asked[]
  readonly described: string[]
}

/** Answers as a store does: in order, with only the keys asked for, `undefined` for what is not there. */
export function recordingStore(records: Readonly<Record<string, Readonly<Record<string, string>>>>): RecordingStore {
  const find = (name: string) => (Object.hasOwn(records, name) ? records[name] : undefined)
  const asked: Asked[] = []
  const described: string[] = []
  return {
    asked,
    described,
    getMany(requests, options) {
      asked.push({ requests, options })
      return Promise.resolve(
        requests.map(({ name, keys, scope = 'default' }): Secret | undefined => {
          const record = find(name)
          if (record === undefined) return undefined
          const entries = Object.entries(record).filter(([key]) => keys === undefined || keys.includes(key))
          return { name, scope, version: '1', values: Object.fromEntries(entries) }
        }),
      )
    },
    describe(name, options): SecretInfo | undefined {
      described.push(name)
      const record = find(name)
      if (record === undefined) return undefined
      return { name, scope: options?.scope ?? 'default', version: '1', keys: Object.keys(record).sort() }
    },
  }
}
