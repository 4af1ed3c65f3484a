import type { ChildProcess } from 'node:child_process'
import type { MemoryStore, SecretStore } from 'latchkey'
import {
  type Failure,
  failingStore,
  type Leak,
  type LeakProbe,
  type LeakProbeOptions,
  type LeakReport,
  probeLeaks,
  type SecretStoreSuite,
  type Seed,
  type StoreFactory,
  type StoreUnderTest,
  testSecretStore,
} from 'latchkey/testing'
import { describe, expectTypeOf, test } from 'vitest'

test('the suite takes the functions of a runner, and a factory', () => {
  expectTypeOf(testSecretStore).toEqualTypeOf<(suite: SecretStoreSuite) => void>()
  expectTypeOf(testSecretStore).toBeCallableWith({ describe, test, factory: () => ({ store: {} as SecretStore }) })
  expectTypeOf<SecretStoreSuite['factory']>().toEqualTypeOf<StoreFactory>()
  expectTypeOf<Parameters<StoreFactory>>().toEqualTypeOf<[seed: Seed]>()
  expectTypeOf<Awaited<ReturnType<StoreFactory>>>().toEqualTypeOf<StoreUnderTest>()
  expectTypeOf<Seed[string][string]>().toExtend<Readonly<Record<string, string>> | undefined>()
  expectTypeOf<StoreUnderTest['store']>().toEqualTypeOf<SecretStore>()
})

test('failingStore keeps the type of the store', () => {
  expectTypeOf(failingStore<MemoryStore>).toEqualTypeOf<(store: MemoryStore, failure: Failure) => MemoryStore>()
  expectTypeOf<Failure['how']>().toEqualTypeOf<'refuse' | 'lose' | 'hang' | undefined>()
  expectTypeOf<Failure['call']>().toEqualTypeOf<number>()
})

test('probeLeaks gives a probe, and a report without values', () => {
  expectTypeOf(probeLeaks).returns.toEqualTypeOf<Promise<LeakReport>>()
  expectTypeOf(probeLeaks).parameter(1).toEqualTypeOf<LeakProbeOptions | undefined>()
  expectTypeOf<LeakProbe['canary']>().toEqualTypeOf<(name: string) => string>()
  expectTypeOf<LeakProbe['watch']>().toEqualTypeOf<(child: ChildProcess) => void>()
  expectTypeOf<LeakReport['leaks']>().toEqualTypeOf<readonly Leak[]>()
  expectTypeOf<Leak>().toEqualTypeOf<{ readonly place: string; readonly canary: string; readonly where: string }>()
  expectTypeOf<LeakProbeOptions['throws']>().toEqualTypeOf<boolean | undefined>()
})
