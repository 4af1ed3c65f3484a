/** Names of secrets without what they hold: one that does not open hides no other from whoever looks for such. */
import type { SecretStore } from '../store.ts'

/** The member that lists names. It is not part of what a store is: it is there where a list opens what it lists. */
export const NAMES = Symbol('names')

/** A store that lists names by themselves. */
export interface Named {
  /** Lists the names in a scope, those that `list` gives and those on which it fails. */
  [NAMES](scope: string): AsyncIterable<string>
}

/** Lists the names in a scope of a store; where its `list` opens nothing that can fail alone, those that this gives. */
export async function* namesIn(store: SecretStore | (SecretStore & Named), scope: string): AsyncGenerator<string> {
  if (NAMES in store) yield* store[NAMES](scope)
  else for await (const { name } of store.list({ scope })) yield name
}
