/** What tests need: the conformance suite of stores, a store that fails when it is told to, and a probe for leaks. */
export { failingStore } from './failing-store.ts'
export type { Failure } from './failing-store.ts'
export { probeLeaks } from './leak-probe.ts'
export type { Leak, LeakProbe, LeakProbeOptions, LeakReport } from './leak-probe.ts'
export { testSecretStore } from './secret-store-suite.ts'
export type { SecretStoreSuite } from './secret-store-suite.ts'
export type { Seed, StoreFactory, StoreUnderTest } from './suite/case.ts'
