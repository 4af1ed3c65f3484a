/** What tests of stores need: the conformance suite of the store contract, and a store that fails when it is told to. */
export { failingStore } from './failing-store.ts'
export type { Failure } from './failing-store.ts'
export { testSecretStore } from './secret-store-suite.ts'
export type { SecretStoreSuite } from './secret-store-suite.ts'
export type { Seed, StoreFactory, StoreUnderTest } from './suite/case.ts'
