/** How secrets lie in a directory: as directories of files, or as files. */
import { createHmac } from 'node:crypto'
import { isUtf8 } from 'node:buffer'
import { join } from 'node:path'
import type { StoreErrorDetails } from '../../errors.ts'
import { checkedValues, isSecretName, MAX_KEYS, MAX_SECRET_BYTES } from '../../secret.ts'
import type { SecretAddress } from '../../secret.ts'
import { assertSomeKey, foreignDocument, foreignKeys, foreignSecret } from '../foreign.ts'
import { STORE, storeError } from './failure.ts'
import type { Kind, Look, Place } from './look.ts'
import { notRegular } from './reading.ts'
import type { DirectoryStoreSettings } from './settings.ts'

/** A secret that was found. Its files were read; what is in them is looked at only when it is asked for. */
export interface FoundSecret {
  readonly version: string
  /** Which keys it has, and which names were left out. */
  keys(): { readonly keys: readonly string[]; readonly skipped: readonly string[] }
  /** Its values; with `only`, those of these keys that it has. */
  values(only?: readonly string[]): Readonly<Record<string, string>>
}

/** How secrets lie in the directory of a scope. */
export interface Layout {
  find(look: Look, scope: Place, address: SecretAddress): FoundSecret | undefined
  /** The names under which there may be a secret, in no order. */
  names(look: Look, scope: Place): string[]
  /** Whether there is a secret under one of these names. Reads no file. */
  holds(look: Look, scope: Place, name: string): boolean
}

/** A directory is a secret, a file in it is a key. */
export function directoriesLayout(settings: DirectoryStoreSettings): Layout {
  return {
    find(look, scope, address) {
      const place = look.enter(scope, address.secret)
      if (place === undefined) return undefined
      const kinds = look.names(place)
      const files = filesOf(kinds)
      if (files.length === 0) return undefined
      const { names, skipped } = foreignKeys(files, settings.rename, address)
      const contents = readAll(look, place, names, kinds, address)
      return pairs(contents, skipped, address, settings)
    },
    names: (look, scope) => look.directories(scope).filter(isSecretName),
    holds(look, scope, name) {
      const place = look.enter(scope, name)
      return place !== undefined && filesOf(look.names(place)).length > 0
    },
  }
}

/** A file whose name ends in `.json` is a secret, and any other file is a secret of one key. */
export function filesLayout(settings: DirectoryStoreSettings): Layout {
  return {
    find(look, scope, address) {
      const name = address.secret
      const file = `${name}${JSON_END}`
      const document = look.kindOf(scope, file)
      const plain = look.kindOf(scope, name)
      const isPlain = plain !== undefined && plain !== 'directory'
      if (document === undefined) {
        if (!isPlain) return undefined
        const { names, skipped } = foreignKeys([name], settings.rename, address)
        const contents = readAll(look, scope, names, new Map([[name, plain]]), address)
        return pairs(contents, skipped, address, settings)
      }
      if (isPlain) {
        throw storeError('INVALID', `${said(address)}: there are two files, ${name} and ${file}.`, {
          ...address,
          hint: 'Remove one of the two.',
        })
      }
      if (document === 'directory') {
        throw storeError('INVALID', `${join(scope.files, file)} is a directory.`, {
          ...address,
          hint: 'Docker makes a directory where the file that it is to mount does not exist.',
        })
      }
      if (document === 'other') throw notRegular(join(scope.files, file), address)
      // JSON may escape each character, so a document may be larger than what it holds.
      const bytes = look.read(scope, file, address, MAX_DOCUMENT_BYTES)
      return documentSecret(bytes, address, settings)
    },
    names(look, scope) {
      const names = filesOf(look.names(scope)).map((name) =>
        name.endsWith(JSON_END) ? name.slice(0, -JSON_END.length) : name,
      )
      return [...new Set(names)].filter(isSecretName)
    },
    holds: () => true,
  }
}

/** Directories are no files; whatever else is none is refused when it is read. */
function filesOf(kinds: ReadonlyMap<string, Kind>): string[] {
  return [...kinds].flatMap(([name, kind]) => (kind === 'directory' ? [] : [name]))
}

const JSON_END = '.json'
const MAX_DOCUMENT_BYTES = 6 * MAX_SECRET_BYTES + 64 * 1024
/** The bytes of each key's file. */
type Contents = ReadonlyMap<string, Buffer>

function readAll(
  look: Look,
  place: Place,
  names: ReadonlyMap<string, string>,
  kinds: ReadonlyMap<string, Kind>,
  address: SecretAddress,
): Contents {
  if (names.size > MAX_KEYS) {
    throw storeError('INVALID', `${said(address)}: a secret has at most ${MAX_KEYS} keys.`, address)
  }
  let left = MAX_SECRET_BYTES
  const contents = new Map<string, Buffer>()
  for (const [key, name] of names) {
    const about: StoreErrorDetails = { ...address, key }
    if (kinds.get(name) !== 'file') throw notRegular(join(place.files, name), about)
    const bytes = look.read(place, name, about, left)
    left -= bytes.length
    contents.set(key, bytes)
  }
  return contents
}

function pairs(
  contents: Contents,
  skipped: readonly string[],
  address: SecretAddress,
  settings: DirectoryStoreSettings,
): FoundSecret {
  const keys = [...contents.keys()].sort()
  return {
    version: versionOf(address, keys, contents, settings),
    keys: () => ({ keys, skipped }),
    values(only) {
      if (keys.length === 0) assertSomeKey({ values: {}, skipped }, address)
      const asked = only === undefined ? keys : keys.filter((key) => only.includes(key))
      return record(asked, address, (key) => textOf(contents.get(key) ?? EMPTY, { ...address, key }, settings))
    },
  }
}

function documentSecret(bytes: Buffer, address: SecretAddress, settings: DirectoryStoreSettings): FoundSecret {
  const read = () => {
    const text = textOf(bytes, address, { trimNewline: false })
    return foreignSecret(foreignDocument(text, address), settings.rename, address)
  }
  return {
    version: versionOf(address, [''], new Map([['', bytes]]), settings),
    keys() {
      const { values, skipped } = read()
      return { keys: Object.keys(values), skipped }
    },
    values(only) {
      const secret = read()
      assertSomeKey(secret, address)
      if (only === undefined) return secret.values
      const asked = Object.keys(secret.values).filter((key) => only.includes(key))
      return record(asked, address, (key) => secret.values[key] ?? '')
    },
  }
}

const EMPTY = Buffer.alloc(0)

function record(
  keys: readonly string[],
  address: SecretAddress,
  valueOf: (key: string) => string,
): Readonly<Record<string, string>> {
  if (keys.length === 0) return Object.freeze(Object.create(null) as Record<string, string>)
  return checkedValues(Object.fromEntries(keys.map((key) => [key, valueOf(key)])), address)
}

function textOf(bytes: Buffer, about: StoreErrorDetails, { trimNewline }: { readonly trimNewline: boolean }): string {
  if (!isUtf8(bytes)) {
    const key = about.key === undefined ? '' : ` the value of ${about.key}`
    throw storeError('INVALID', `Secret ${about.secret ?? ''} (scope ${about.scope ?? ''}):${key} is not UTF-8.`, about)
  }
  const text = bytes.toString('utf8')
  return trimNewline ? text.replace(/\r?\n$/, '') : text
}

/**
 * Made of the bytes and not of what `..data` says: it changes whoever changes a file, and it stays where nothing changed.
 * The key is this store's alone: it leaves no way back to a value, and another store may read the same bytes otherwise.
 */
function versionOf(
  address: SecretAddress,
  keys: readonly string[],
  contents: Contents,
  { versionKey }: DirectoryStoreSettings,
): string {
  const lengths = keys.map((key) => [key, contents.get(key)?.length])
  const hmac = createHmac('sha256', versionKey).update(JSON.stringify([address.scope, address.secret, lengths]))
  for (const key of keys) hmac.update(contents.get(key) ?? EMPTY)
  return hmac.digest('base64url')
}

function said({ secret, scope }: SecretAddress): string {
  return `Secret ${secret} (scope ${scope})`
}

/** Gives the address of a secret of this store. */
export function addressOf(scope: string, secret: string): SecretAddress {
  return { store: STORE, scope, secret }
}
