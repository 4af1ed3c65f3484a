/** A store over the configuration service, in which the values lie as they are: who can read the service can read them. */
import { customStore, StoreError, type HeldSecret, type SecretPlace, type WritableSecretStore } from 'latchkey'

export interface ConfigStoreOptions {
  readonly url: string
  readonly token: string
}

/** The parts of a request that differ. */
interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

export function configStore({ url, token }: ConfigStoreOptions): WritableSecretStore {
  const keyOf = ({ scope, name }: SecretPlace): string => `secrets:${scope}:${name}`

  /** Throws whatever is no answer to the question: a failure must never look like absence. */
  const ask = async (path: string, asked: Asked, ...expected: number[]): Promise<Response> => {
    const headers = { ...asked.headers, Authorization: `Bearer ${token}` }
    // The words of what failed are left out: who knows what they quote.
    const response = await fetch(`${url}/${path}`, { ...asked, headers }).catch(() => undefined)
    asked.signal?.throwIfAborted()
    if (response === undefined || response.status >= 500)
      throw new StoreError('UNAVAILABLE', 'The configuration service does not answer.', { retryable: true })
    if (response.status === 401 || response.status === 403)
      throw new StoreError('DENIED', 'The configuration service refused the token.')
    if (!expected.includes(response.status))
      throw new StoreError('INVALID', `The configuration service answered ${response.status}.`)
    return response
  }

  const read = async (place: SecretPlace, signal?: AbortSignal) => {
    const response = await ask(encodeURIComponent(keyOf(place)), signal ? { signal } : {}, 200, 404)
    if (response.status === 404) return undefined
    return { secret: parsed(await response.text()), tag: response.headers.get('etag') ?? '' }
  }

  /**
   * Gives the condition under which the service may change a text, `undefined` if it does not hold already. The service compares
   * once more, in the same step in which it writes: who comes between gets the 412.
   */
  const condition = async (
    place: SecretPlace,
    expected: string | null | undefined,
  ): Promise<Record<string, string> | undefined> => {
    if (expected === undefined) return {}
    if (expected === null) return { 'If-None-Match': '*' }
    const there = await read(place)
    return there?.secret.version === expected ? { 'If-Match': there.tag } : undefined
  }

  return customStore({
    name: 'config',
    cas: true,
    read: (places, signal) => Promise.all(places.map(async (place) => (await read(place, signal))?.secret)),
    async *names(scope) {
      const prefix = keyOf({ scope, name: '' })
      const response = await ask(`?prefix=${encodeURIComponent(prefix)}`, {}, 200)
      for (const key of (await response.json()) as string[]) yield key.slice(prefix.length)
    },
    async write(secret, expected) {
      const headers = await condition(secret, expected)
      if (headers === undefined) return false
      const init = { method: 'PUT', headers, body: JSON.stringify(secret) }
      return (await ask(encodeURIComponent(keyOf(secret)), init, 204, 412)).status === 204
    },
    async remove(place, expected) {
      const headers = await condition(place, expected)
      if (headers === undefined) return false
      return (await ask(encodeURIComponent(keyOf(place)), { method: 'DELETE', headers }, 204, 404, 412)).status === 204
    },
  })
}

/** What `write` kept. customStore checks the rest; what JSON.parse would say may quote a value. */
function parsed(text: string): HeldSecret {
  try {
    return JSON.parse(text) as HeldSecret
  } catch {
    throw new StoreError('CORRUPT', 'What the configuration service holds is not JSON.')
  }
}
