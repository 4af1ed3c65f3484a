/** What `latchkey` gives. */
export { fileStore, generateKey } from './stores/file.ts'
export type {
  Anchor,
  AnchorMark,
  FileStore,
  FileStoreOptions,
  KeyFileSource,
  KeySource,
  KeyWrapper,
  PassphraseSource,
  RawKeySource,
  Recipient,
  WrapContext,
} from './stores/file.ts'
