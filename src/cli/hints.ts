/** What to do next about an error: by its code, if it does not say it itself, and in words of the command line, if it says it to programs. */

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

const FOREIGN =
  'Name them as variables are named where they are kept, or have a program read them by the option rename of the store. latchkey show NAME lists them as skipped.'
const VAULT_MOUNT =
  'Name the server with VAULT_ADDR, and the mount in the address, vault:MOUNT/PREFIX: it must be a KV engine of version 2.'

/** What the library tells programs to do, and what a command line does instead. */
export const TRANSLATED: Readonly<Record<string, string>> = {
  'Find out who changed it, and restore it from a backup or set it again.':
    'Find out who changed it, and restore it from a backup, or write it anew: latchkey set NAME KEY --replace. latchkey rm NAME removes it. latchkey doctor finds all that are damaged.',
  'Set the secret again with the values that it has, once for each older version that is kept, or delete it and set it: the damaged one is gone then.':
    'rotate-key and history fail until it is gone. latchkey set NAME KEY, with the value that it has, pushes it out: once, or as often as history=N of the address says.',
  'Give the key that the store was made with: as LATCHKEY_KEY, in a file that LATCHKEY_KEY_FILE names, or as an option. For a store that is still to be made, "npx latchkey init" makes a key and a store file, generateKey() a key alone.':
    'Give the key that the store was made with: as LATCHKEY_KEY, in a file that LATCHKEY_KEY_FILE names, or with --key-file. For a store that is still to be made, latchkey init makes one: on a server, with --key-file PATH.',
  'Look whether it was cut or quoted. The path of a key file is given as LATCHKEY_KEY_FILE or keyFile, a pass phrase as passphrase. generateKey() makes a new key, for a new store.':
    'Look whether it was cut or quoted. The path of a key file is given as LATCHKEY_KEY_FILE or --key-file, a pass phrase by --passphrase. latchkey init makes a new key, for a new store.',
  'Map them with rename; describe() lists them.': FOREIGN,
  'Open it with plaintext: true, or give another place to a store that seals.':
    'Put ?plaintext=true into the address of a store in PostgreSQL, or give another prefix to a store that seals.',
  'Open it with its key.': 'Leave plaintext=true out of its address, and give its key.',
  'capabilities.maxBytes is the limit.': HINTS['TOO_LARGE'] ?? '',
  'history() lists the versions that are kept.': 'latchkey history NAME lists the versions that are kept.',
  'Give it in keys, or remove the recipient.':
    'Name the key file of each with --key-file, and --passphrase, or make one key in place of all: latchkey rotate-key --new-key-file PATH',
  'Call migrate() once, as a role that may create tables.':
    'Make them, as a role that may create tables: latchkey init, with the same address.',
  'Look at the options of the client.': 'Check the name in the address of the store, or PGDATABASE.',
  'Look at the database and the network. A single client that lost its connection stays lost: give a pool.':
    'Check that it runs, its address (--store or PGHOST), and the network.',
  'Check the user and the password of the client, and what the access list of Redis lets it do.':
    'Check the user in the address, REDIS_PASSWORD, and what the access list of Redis lets that user do.',
  'This Redis is part of a cluster. Give the store a client for clusters.':
    'This Redis is part of a cluster, for which the command line has no client: have a program use the store.',
  'The keys of the store are in several slots: does the client prefix them?':
    'This Redis is part of a cluster, for which the command line has no client: have a program use the store.',
  'The log of the client has the text of the error.': 'Look at the log of Redis.',
  'Look at its audit log, and at the options mount, prefix and namespace.':
    'Look at its audit log, at the mount and the prefix in the address, and at VAULT_NAMESPACE.',
  'Look at the options address, mount and namespace: the mount must be a KV engine of version 2.': VAULT_MOUNT,
  'Look at the option mount: it must be a KV engine of version 2.': VAULT_MOUNT,
  'A proxy may have answered in its place: look at the option address.':
    'A proxy may have answered in its place: check VAULT_ADDR, or the address of the store.',
  'A standby node sends clients to the active one: give the address of the active node or of a load balancer, or name the origins that the credentials may be sent to.':
    'A standby node sends clients to the active one: give the address of the active node or of a load balancer.',
  'Look at the options username and password, and at the roles of that user: they must span all keys under the prefix.':
    'Look at ETCDCTL_USER and ETCDCTL_PASSWORD, and at the roles of that user: they must span all keys under the prefix.',
  'A proxy may have answered in its place, or the member serves no JSON gateway: look at the option address.':
    'A proxy may have answered in its place, or the member serves no JSON gateway: check ETCDCTL_ENDPOINTS, or the address of the store.',
  'Leave out username and password, or turn it on.':
    'Unset ETCDCTL_USER, leave the user out of the address, or turn it on.',
  'Look at the option endpoint, or at the client.': 'Look at the setting endpoint in the address of the store.',
}

/**
 * Gives what to do about an error of this code; `undefined` where nothing general can be said.
 *
 * @param own - what the error itself says of it.
 */
export function hintFor(code: string, own?: string): string | undefined {
  if (own === undefined) return Object.hasOwn(HINTS, code) ? HINTS[code] : undefined
  // What a command adds to a hint stands after it.
  const said = Object.keys(TRANSLATED).find((hint) => own.startsWith(hint))
  return said === undefined ? own : `${TRANSLATED[said] ?? ''}${own.slice(said.length)}`
}
