/** What a document is for the store that holds it, so that errors speak of it in that store's words. */
import { StoreError } from '../../errors.ts'

/** Names a document in messages. */
export interface Subject {
  /** The store's name. */
  readonly store: string
  /** What the document is called: `store file`, `keyring`. */
  readonly noun: string
  /** What to do if it is damaged. */
  readonly restore: string
}

/** Makes the error of a document that is not as latchkey wrote it. */
export function corrupt(subject: Subject, message: string, hint = subject.restore): StoreError {
  return new StoreError('CORRUPT', message, { store: subject.store, hint })
}
