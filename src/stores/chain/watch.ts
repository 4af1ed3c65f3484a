/** The watches of several stores as one. */
import type { SecretStore, StoreChange } from '../../store.ts'
import { settled } from '../waiting.ts'
import { labelled } from './label.ts'

/** Watches one scope of every member; if one cannot be watched, none is. */
export async function watchAll(
  members: readonly SecretStore[],
  listener: (change: StoreChange) => void,
  scope: string,
): Promise<AsyncDisposable> {
  const begun = await Promise.allSettled(
    members.map(async (member, index) =>
      member.watch?.(
        (change) => {
          const { version, ...place } = change
          // A later member's version need not be what the chain answers: an earlier one may hide it.
          const isKnown = index === 0 && version !== undefined
          listener(isKnown ? labelled(index, { ...place, version }) : Object.freeze(place))
        },
        { scope },
      ),
    ),
  )
  const watches = begun.flatMap((one) => (one.status === 'fulfilled' && one.value !== undefined ? [one.value] : []))
  const end = (): Promise<void> => settled(watches.map((watch) => watch[Symbol.asyncDispose]()))
  const failed = begun.find((one) => one.status === 'rejected')
  if (failed !== undefined) {
    // What began is ended first; that the watch failed is what the caller hears of.
    await end().catch(() => undefined)
    throw failed.reason
  }
  return { [Symbol.asyncDispose]: end }
}
