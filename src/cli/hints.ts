/** What to do next about an error that does not say it itself, by its code. */

const HINTS: Readonly<Record<string, string>> = {
  UNAVAILABLE:
    'Mend what the message names (a full disk, a server that is down), and try again: nothing was half done.',
  DENIED: 'Use an account that may do this, or change the permissions of what the message names.',
  CORRUPT: 'Bring the store back from a copy. latchkey doctor tells more of it.',
  CONFLICT: 'Somebody else wrote it meanwhile, or it is there already: look with latchkey show, and try again.',
  READ_ONLY: 'Change it where it comes from, or name a store that can be written with --store or --file.',
  INVALID: 'Correct what the message names, and try again.',
  INVALID_SECRET_VALUE: 'The value does not fit the schema of its key: correct the one or the other.',
  TOO_LARGE: 'Keep large texts elsewhere, and their key or address here.',
  KEY_MISSING: 'Give the key in LATCHKEY_KEY, in the file that LATCHKEY_KEY_FILE names, or with --key-file.',
  KEY_FORMAT: 'A key is one line that begins with lk1_, as latchkey init makes it.',
  KEY_WRONG: 'This key does not open this store: name the right one with --key-file, or the right store.',
  ROLLED_BACK: 'An older copy of the store was put back. If that was meant, end what is running and begin again.',
  FORKED: 'Two copies of the store were changed apart. Choose one, and import from the other what it lacks.',
  STORE_FAILED: 'This is a mistake in the store: report it, with the code.',
  BAD_ANSWER: 'The other side does not answer as the store that it should be: check the address.',
  MISSING_SECRETS: 'latchkey list shows what there is; latchkey set stores what is missing.',
  NOT_FOUND: 'latchkey list shows what there is.',
  UNEXPECTED: 'This is a mistake in latchkey. Report it, with the command but without any value.',
  USAGE: 'See latchkey help.',
}

/** Gives what to do about an error of this code; `undefined` where nothing general can be said. */
export function hintFor(code: string): string | undefined {
  return Object.hasOwn(HINTS, code) ? HINTS[code] : undefined
}
