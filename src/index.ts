/** latchkey gives code the secrets it declared, and nothing else. */
export { createRegistry } from './registry/registry.ts'
export type {
  CallOptions,
  Decorator,
  FunctionDefinition,
  InputDecorator,
  Isolation,
  LogLine,
  PermissionOption,
  PoolOptions,
  Registered,
  RegisterOptions,
  Registry,
  RegistryOptions,
  RequiredKey,
  Requirement,
  RequirementDefinition,
  SecretRequirement,
  WithInput,
} from './registry/types.ts'
export type { CheckOptions, CheckReport, ReadyOptions } from './registry/check-types.ts'
export { withFreshSecret } from './registry/fresh-secret.ts'
export type {
  Manifest,
  ManifestExpiry,
  ManifestFunction,
  ManifestOptions,
  ManifestSecret,
  ManifestStored,
  StoredSecret,
} from './registry/manifest-types.ts'
export type { CallEvent, EventOutcome, SecretRead, SecretReadEvent } from './registry/events.ts'
export type { SchedulerStats } from './worker/scheduler.ts'
export type { WorkerAssigned, WorkerEnded, WorkerEndReason, WorkerEvent, WorkerStarted } from './worker/events.ts'
export { defineSecret } from './secret.ts'
export type {
  KeyInput,
  KeySchemas,
  KeyValue,
  SchemaInput,
  SchemaOutput,
  Secret,
  SecretDefinition,
  SecretInfo,
  StandardResult,
  StandardSchema,
} from './secret.ts'
export type {
  Capabilities,
  ListOptions,
  MaybePromise,
  ReadOptions,
  SecretRequest,
  SecretStore,
  SetOptions,
  StoreChange,
  WritableSecretStore,
} from './store.ts'
export { memoryStore, type InitialSecrets, type MemoryStore } from './stores/memory.ts'
export { cachedStore, type CachedStoreOptions } from './stores/cached.ts'
export { chainStore } from './stores/chain.ts'
export { scopedStore } from './stores/scoped.ts'
export { typedStore } from './stores/typed.ts'
export type {
  DefinedKey,
  DefinedSecret,
  DefinedValues,
  SecretOrName,
  TypedAnswer,
  TypedRequest,
  TypedStore,
  TypedWritableStore,
} from './stores/typed/types.ts'
export { envStore, type EnvStore, type EnvStoreOptions } from './stores/env.ts'
export { customStore } from './stores/custom.ts'
export type { HeldSecret } from './stores/answer.ts'
export type { SecretPlace, StoreEngine, WritableStoreEngine } from './stores/engine.ts'
export {
  CallError,
  InputError,
  isLatchkeyError,
  LatchkeyError,
  MissingSecretsError,
  RegistrationError,
  StoreError,
  TemplateError,
  WorkerError,
} from './errors.ts'
export {
  analyzeTemplate,
  checkTemplate,
  compileTemplate,
  literal,
  migrateTemplate,
  resolveTemplate,
} from './template/index.ts'
export { sealedStore } from './stores/sealed.ts'
export type { RotateKeyOptions, RotationProgress, SealingOptions, SealingStore } from './stores/sealed.ts'
export { fileStore, generateKey } from './stores/file.ts'
export type {
  Anchor,
  AnchorMark,
  FileRotateKeyOptions,
  FileStore,
  FileStoreOptions,
  KeyFileSource,
  KeySource,
  KeyWrapper,
  PassphraseSource,
  RawKeySource,
  ResealProgress,
  Recipient,
  WrapContext,
} from './stores/file.ts'
