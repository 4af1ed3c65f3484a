/** How a custom store writes: versions, merging, compare-and-set, limits. */
import { randomUUID } from 'node:crypto'
import { StoreError } from '../errors.ts'
import { checkedValues, MAX_SECRET_BYTES } from '../secret.ts'
import type { SecretAddress } from '../secret.ts'
import type { WritableSecretStore } from '../store.ts'
import { infoAnswer } from './answer.ts'
import type { HeldSecret } from './answer.ts'
import { asked, readPlaces } from './engine.ts'
import type { WritableStoreEngine } from './engine.ts'
import { assertOptions, assertVersion, checkedScope, checkedSet, checkedVersion } from './request.ts'

/** Each refused attempt means that somebody else has written meanwhile; this many in a row mean a broken engine. */
const MERGE_ATTEMPTS = 100

/**
 * Makes the verbs that write to an engine.
 *
 * @param open - called at each use; throws if the store is closed.
 */
export function writingVerbs(
  engine: WritableStoreEngine,
  open: () => void,
): Pick<WritableSecretStore, 'set' | 'delete'> {
  const { name: store, cas = false, maxBytes = MAX_SECRET_BYTES } = engine

  const assertNothingExpected = (expected: string | null | undefined, address: SecretAddress): void => {
    if (cas || expected === undefined) return
    throw new StoreError('INVALID', `The ${store} store cannot compare versions, so it takes no ifVersion.`, address)
  }
  const sized = (values: unknown, address: SecretAddress): HeldSecret['values'] => {
    const checked = checkedValues(values, address)
    const bytes = Object.values(checked).reduce((sum, value) => sum + Buffer.byteLength(value), 0)
    if (bytes <= maxBytes) return checked
    throw new StoreError('TOO_LARGE', `Secret ${address.secret} (scope ${address.scope}) is too large.`, address)
  }
  const conflict = (address: SecretAddress): StoreError =>
    new StoreError('CONFLICT', `Secret ${address.secret} (scope ${address.scope}) has another version.`, {
      ...address,
      hint: 'Read it again, and decide again.',
    })

  /** Tells whether a secret was written; false only where `expected` gives a reason for it. */
  const kept = async (secret: HeldSecret, expected: string | null | undefined, address: SecretAddress) => {
    const answer: unknown = await asked(engine, () => engine.write(secret, expected))
    if (typeof answer !== 'boolean' || (!answer && expected === undefined)) throw badAnswer('write', address)
    return answer
  }

  return {
    async set(name, values, options) {
      open()
      const { address, ifVersion, mode, description } = checkedSet(store, name, options)
      const { scope } = address
      assertNothingExpected(ifVersion, address)
      const given = sized(values, address)
      const attempts = mode === 'merge' && cas && ifVersion === undefined ? MERGE_ATTEMPTS : 1
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const [live] = mode === 'merge' ? await readPlaces(engine, [{ scope, name }]) : []
        if (mode === 'merge') assertVersion(live?.version, ifVersion, address)
        const secret: HeldSecret = {
          scope,
          name,
          version: randomUUID(),
          values: live ? sized({ ...live.values, ...given }, address) : given,
          createdAt: Date.now(),
          ...marksOf(description ?? live?.description),
        }
        const expected = mode === 'merge' && cas ? (live?.version ?? null) : ifVersion
        if (await kept(secret, expected, address)) return infoAnswer(secret)
      }
      throw conflict(address)
    },

    async delete(name, options) {
      open()
      assertOptions('delete', options, ['scope', 'ifVersion'])
      const scope = checkedScope(name, options)
      const address = { store, scope, secret: name }
      const expected = checkedVersion('delete', options?.ifVersion)
      assertNothingExpected(expected, address)
      const removed: unknown = await asked(engine, () => engine.remove({ scope, name }, expected))
      if (typeof removed !== 'boolean') throw badAnswer('remove', address)
      if (!removed && expected !== undefined) throw conflict(address)
      return removed
    },
  }
}

function badAnswer(verb: string, address: SecretAddress): StoreError {
  const { store, scope, secret } = address
  return new StoreError(
    'BAD_ANSWER',
    `Secret ${secret} (scope ${scope}): the engine's ${verb} did not tell what it did.`,
    {
      ...address,
      hint: `${verb} of the ${store} store must give true or false; write gives false only where another version was expected.`,
    },
  )
}

function marksOf(description: string | undefined): { description?: string } {
  return description === undefined ? {} : { description }
}
