/** The file store, put together from its parts. */
import { argumentError } from '../../errors.ts'
import type { SecretInfo } from '../../secret.ts'
import type { Capabilities, MaybePromise, ReadOptions, WritableSecretStore } from '../../store.ts'
import { assertOptions, closedError } from '../request.ts'
import { fileCommitter } from './commit.ts'
import type { Committer } from './commit.ts'
import { nextView } from './draft.ts'
import { STORE, storeError } from './failure.ts'
import type { FileSystem } from './file-system.ts'
import { makeKeyFile } from '../keys/new-key-file.ts'
import { checkedSource, credentialOf, listedSources } from '../keys/key-source.ts'
import type { KeySource } from '../keys/key-source.ts'
import { readingVerbs } from './reading.ts'
import { changeKeys, newDataKey, newPassphrase, oneMore, recipientsOf } from './rekey.ts'
import type { Recipient } from '../keys/recipients.ts'
import type { Rekey, ResealProgress } from './rekey.ts'
import { fileStoreSettings } from './settings.ts'
import type { FileStoreOptions } from './settings.ts'
import { fileSource } from './source.ts'
import { writingVerbs } from './writing.ts'

/** How to rotate the data key of a store file. */
export interface FileRotateKeyOptions {
  /** Who can open the store from now on. Default: the same as now, whose keys must all be given. */
  readonly keys?: readonly KeySource[] | undefined
  /** Told now and then how many secrets are sealed again, of how many. What it throws stops the rotation; nothing is written. */
  readonly onProgress?: ((progress: ResealProgress) => void) | undefined
}

/** A store in an encrypted file. */
export interface FileStore extends Omit<Required<WritableSecretStore>, 'watch'>, Pick<WritableSecretStore, 'watch'> {
  /** The absolute path of the store file. */
  readonly path: string
  /** Answers at once with a raw key; with a pass phrase or a key wrapper, once the store was opened. */
  describe(name: string, options?: ReadOptions): MaybePromise<SecretInfo | undefined>
  /**
   * Makes the store file, without any secret. Not needed before `set`, which makes it, too.
   *
   * @param options - `makeKeyFile`: make the key file with a new key, if the key is to come from a file that does not exist.
   * @returns the path of the key file, if one was made.
   * @throws StoreError CONFLICT if there is a file already, KEY_MISSING if there is no key.
   */
  create(options?: { readonly makeKeyFile?: boolean | undefined }): Promise<{ readonly keyFile?: string }>
  /** Lists who can open the store: raw keys, pass phrases, key wrappers. */
  recipients(): Promise<readonly Recipient[]>
  /**
   * Lets one more key, pass phrase or key wrapper open the store. No record is sealed again.
   *
   * @throws StoreError CONFLICT if this key can open it already.
   */
  addRecipient(source: KeySource): Promise<void>
  /**
   * Takes a recipient's access to what is written from now on: makes a new data key and seals every record again. Copies of
   * the file that the recipient has stay readable for them: change the secrets, too.
   *
   * @throws StoreError INVALID for an unknown id or the last recipient, KEY_MISSING if the keys of the others are not all given.
   */
  removeRecipient(id: string): Promise<void>
  /**
   * Puts a new pass phrase in the place of the old one, without sealing any record again.
   *
   * @throws StoreError INVALID if no pass phrase opens the store, KEY_MISSING if several do and none of them was given.
   */
  changePassphrase(passphrase: string): Promise<void>
  /**
   * Makes a new data key and seals every record again, in one rewrite: whoever reads meanwhile sees the old file or the new
   * one, and a crash leaves one of them.
   *
   * @throws StoreError CORRUPT if a record does not open; then nothing is written.
   */
  rotateKey(options?: FileRotateKeyOptions): Promise<void>
}

/** Opens a file store on a given file system. */
export function openFileStore(options: FileStoreOptions, system: FileSystem): FileStore {
  const settings = fileStoreSettings(options, system)
  const source = fileSource(settings)
  const committing = fileCommitter(settings, source)
  let closing: Promise<void> | undefined

  const assertOpen = (): void => {
    if (closing !== undefined) throw closedError(STORE)
  }
  // Asked again by those who wait for a key wrapper first: the store may have been closed meanwhile.
  const committer: Committer = {
    ...committing,
    rewrite(build) {
      assertOpen()
      return committing.rewrite(build)
    },
  }
  const sourcesOf = (keys: readonly unknown[]) =>
    listedSources(
      keys.map((key) => checkedSource(key, 'fileStore')),
      settings.reading,
    )
  const rekey = async (change: Rekey): Promise<void> => {
    try {
      await changeKeys(settings, source, committer, change)
    } catch (error) {
      // Whatever failed after the store was closed failed because of that: its keys are erased.
      assertOpen()
      throw error
    }
  }

  const capabilities: Capabilities = {
    write: true,
    cas: true,
    history: true,
    watch: false,
    list: true,
    get syncDescribe() {
      return source.isOpen() || (settings.sources.atOnce && settings.anchor === undefined)
    },
  }

  const store: FileStore = {
    name: STORE,
    path: settings.path,
    capabilities: Object.freeze(capabilities),

    ...readingVerbs(() => {
      assertOpen()
      return source.current()
    }),

    ...writingVerbs(() => {
      assertOpen()
      return committer
    }, settings.history),

    async create(createOptions) {
      assertOpen()
      assertOptions('create', createOptions, ['makeKeyFile'])
      const made = createOptions?.makeKeyFile === true ? await makeMissingKeyFile() : undefined
      await committer.rewrite((view, isNew) => {
        if (!isNew) throw exists()
        return nextView(view, {}, [], 0)
      })
      return made === undefined ? {} : { keyFile: made }
    },

    async recipients() {
      assertOpen()
      const view = await source.current()
      if (view === undefined) throw storeError('INVALID', `There is no store file ${settings.path} yet.`)
      return Object.freeze(recipientsOf(view))
    },

    async addRecipient(given) {
      assertOpen()
      await rekey(oneMore(credentialOf(checkedSource(given, 'fileStore'), settings.reading)))
    },

    async removeRecipient(id) {
      assertOpen()
      await rekey(newDataKey(settings.credentials(), { without: id }))
    },

    async changePassphrase(passphrase) {
      assertOpen()
      const next = checkedSource({ passphrase }, 'fileStore')
      const before = settings.sources
      await rekey(newPassphrase(credentialOf(next, settings.reading), before.read()))
      settings.sources = before.withPassphrase(next)
    },

    async rotateKey(rotateOptions) {
      assertOpen()
      assertOptions('rotateKey', rotateOptions, ['keys', 'onProgress'])
      const keys: unknown = rotateOptions?.keys
      const onProgress = checkedProgress(rotateOptions?.onProgress)
      if (keys === undefined) {
        await rekey(newDataKey(settings.credentials(), 'same', onProgress))
        return
      }
      if (!Array.isArray(keys) || keys.length === 0) {
        throw argumentError('INVALID_OPTION', 'rotateKey: keys must be an array that is not empty.')
      }
      const next = sourcesOf(keys)
      await rekey(newDataKey(next.read(), 'given', onProgress))
      settings.sources = next
    },

    close() {
      closing ??= committer.idle().then(() => {
        source.close()
      })
      return closing
    },

    [Symbol.asyncDispose]: () => store.close(),
  }

  const exists = (): Error => storeError('CONFLICT', `There is a store file already: ${settings.path}.`)

  const makeMissingKeyFile = async (): Promise<string | undefined> => {
    if (system.lstat(settings.path) !== undefined) throw exists()
    const { keyFile } = settings.sources
    if (keyFile === undefined || system.stat(keyFile) !== undefined) return undefined
    await makeKeyFile(keyFile, system)
    return keyFile
  }

  return store
}

function checkedProgress(onProgress: unknown): FileRotateKeyOptions['onProgress'] {
  if (onProgress === undefined || typeof onProgress === 'function')
    return onProgress as FileRotateKeyOptions['onProgress']
  throw argumentError('INVALID_OPTION', 'rotateKey: onProgress must be a function.')
}
