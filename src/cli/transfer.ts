/** Writes the secrets of a document into a store: what is to be done is known, and told, before anything is written. */
import { StoreError } from '../errors.ts'
import { checkedValues } from '../secret.ts'
import type { Secret } from '../secret.ts'
import type { WritableSecretStore } from '../store.ts'
import type { DocumentSecret } from './documents.ts'
import { CliError } from './failure.ts'
import { progress } from './progress.ts'

/** What to do about a secret that is there already. */
export const CONFLICTS = ['fail', 'skip', 'merge', 'replace'] as const
export type OnConflict = (typeof CONFLICTS)[number]

/** What is done about one secret. */
export interface Step {
  readonly action: 'create' | 'merge' | 'replace' | 'skip' | 'unchanged' | 'conflict'
  readonly scope: string
  readonly secret: DocumentSecret
  /** The version that was looked at; `null`: there was none. */
  readonly version: string | null
}

/** So many are asked for, or written, at the same time. Writes to a store file share one rewrite. */
const AT_ONCE = 200

/**
 * Looks at what the store has, and says what is to be done. Nothing is written.
 *
 * @throws StoreError INVALID or TOO_LARGE if one of the secrets cannot be stored.
 */
export async function plan(
  store: WritableSecretStore,
  secrets: readonly DocumentSecret[],
  scope: string,
  onConflict: OnConflict,
): Promise<Step[]> {
  for (const secret of secrets) assertStorable(store, secret, scope, secret.values)
  const steps: Step[] = []
  const shown = progress('Looking at', secrets.length)
  try {
    for (let at = 0; at < secrets.length; at += AT_ONCE) {
      const part = secrets.slice(at, at + AT_ONCE)
      const there = await store.getMany(part.map((secret) => ({ name: secret.name, scope: secret.scope ?? scope })))
      part.forEach((secret, index) => {
        const live = there[index]
        const action = live === undefined ? 'create' : actionFor(live, secret, onConflict)
        if (action === 'merge') assertStorable(store, secret, scope, { ...live?.values, ...secret.values })
        steps.push({ action, scope: secret.scope ?? scope, secret, version: live?.version ?? null })
      })
      shown.done(at)
    }
  } finally {
    shown.end()
  }
  return steps
}

/** What a store would say of these values, before anything is written. */
function assertStorable(
  { name: store, capabilities }: WritableSecretStore,
  { name, scope: own }: DocumentSecret,
  scope: string,
  values: Readonly<Record<string, string>>,
): void {
  const address = { store, scope: own ?? scope, secret: name }
  checkedValues(values, address)
  const { maxBytes = Infinity, maxScopeSegments = Infinity } = capabilities
  if (address.scope.split('/').length > maxScopeSegments) {
    const message = `Secret ${name} (scope ${address.scope}): a scope has at most ${maxScopeSegments} segments in this store.`
    throw new StoreError('INVALID', message, { ...address, hint: 'Use a shorter scope.' })
  }
  const bytes = Object.values(values).reduce((sum, value) => sum + Buffer.byteLength(value), 0)
  if (bytes > maxBytes) {
    const message = `Secret ${name} (scope ${address.scope}) is larger than the ${maxBytes} bytes that this store takes.`
    throw new StoreError('TOO_LARGE', message, address)
  }
}

function actionFor(live: Secret, secret: DocumentSecret, onConflict: OnConflict): Step['action'] {
  const merges = onConflict === 'merge'
  const isSame =
    Object.entries(secret.values).every(([key, value]) => live.values[key] === value) &&
    (merges || Object.keys(live.values).length === Object.keys(secret.values).length) &&
    (secret.description === live.description || secret.description === undefined)
  if (isSame) return 'unchanged'
  return onConflict === 'fail' ? 'conflict' : onConflict
}

/**
 * Does what was planned. Each secret is written whole or not at all, and only if it is still as it was looked at.
 *
 * @throws CliError PARTLY, which tells how many were written, if one cannot be written.
 */
export async function carryOut(store: WritableSecretStore, steps: readonly Step[]): Promise<void> {
  const writes = steps.filter(({ action }) => action === 'create' || action === 'merge' || action === 'replace')
  const shown = progress('Importing', writes.length)
  let written = 0
  try {
    for (let at = 0; at < writes.length; at += AT_ONCE) {
      const ended = await Promise.allSettled(writes.slice(at, at + AT_ONCE).map((step) => write(store, step)))
      written += ended.filter(({ status }) => status === 'fulfilled').length
      const failed = ended.find((end) => end.status === 'rejected')
      if (failed !== undefined) throw partly(failed.reason, written, writes.length)
      shown.done(written)
    }
  } finally {
    shown.end()
  }
}

async function write(store: WritableSecretStore, { action, scope, secret, version }: Step): Promise<void> {
  const { name, values, description } = secret
  const mode = action === 'merge' ? 'merge' : 'replace'
  const ifVersion = store.capabilities.cas ? version : undefined
  await store.set(name, values, { scope, mode, description, ifVersion })
}

function partly(error: unknown, written: number, total: number): unknown {
  if (written === 0 || !(error instanceof Error)) return error
  const { code, hint } = error as { code?: unknown; hint?: string }
  if (typeof code !== 'string') return error
  const again = 'Run the same command again when this is mended: what was written is unchanged then.'
  return new CliError(
    code,
    `${error.message} ${written} of ${total} secrets were written before.`,
    hint === undefined ? again : `${hint} ${again}`,
  )
}
