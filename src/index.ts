/** latchkey gives code the secrets it declared, and nothing else. */
export { createRegistry } from './registry/registry.ts'
export type {
  CallOptions,
  CheckReport,
  Decorator,
  FunctionDefinition,
  InputDecorator,
  Isolation,
  LogLine,
  PoolOptions,
  Registered,
  RegisterOptions,
  Registry,
  RegistryOptions,
  Requirement,
  RequirementDefinition,
  SecretRequirement,
  WithInput,
} from './registry/types.ts'
export { defineSecret } from './secret.ts'
export type { Secret, SecretDefinition, SecretInfo, StandardSchema } from './secret.ts'
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
export { memoryStore } from './stores/memory.ts'
export { envStore } from './stores/env.ts'
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
