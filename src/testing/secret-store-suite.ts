/** The conformance suite of the store contract. */
import { runCase } from './suite/case.ts'
import type { Cases, StoreFactory } from './suite/case.ts'
import { changeCases } from './suite/changes.ts'
import { closeCases } from './suite/close.ts'
import { deleteCases } from './suite/delete.ts'
import { describeCases } from './suite/describe.ts'
import { getManyCases } from './suite/get-many.ts'
import { getCases } from './suite/get.ts'
import { historyCases } from './suite/history.ts'
import { hostileNameCases } from './suite/hostile-names.ts'
import { listCases } from './suite/list.ts'
import { optionCases } from './suite/options.ts'
import { raceCases } from './suite/races.ts'
import { scopesCases } from './suite/scopes.ts'
import { setCases } from './suite/set.ts'
import { shapeCases } from './suite/shape.ts'
import { silenceCases } from './suite/silence.ts'
import { watchCases } from './suite/watch.ts'

/** A store to test, and the runner to test it with. */
export interface SecretStoreSuite {
  /** Groups tests: that of vitest, node:test, mocha, jest. */
  readonly describe: (title: string, body: () => void) => void
  /** Declares a test. */
  readonly test: (title: string, body: () => Promise<void>) => void
  /**
   * Makes a fresh store for one test.
   *
   * One that can be written is returned empty: the suite writes the seed. One that cannot is returned with the seed in it:
   * `{ scope: { name: { KEY: value } } }`. {@link StoreUnderTest} says what else the suite can be told.
   */
  readonly factory: StoreFactory
}

const GROUPS: Readonly<Record<string, Cases>> = {
  shape: shapeCases,
  get: getCases,
  describe: describeCases,
  getMany: getManyCases,
  list: listCases,
  scopes: scopesCases,
  set: setCases,
  races: raceCases,
  delete: deleteCases,
  history: historyCases,
  watch: watchCases,
  'changes by others': changeCases,
  options: optionCases,
  'hostile names': hostileNameCases,
  'no value in errors': silenceCases,
  close: closeCases,
}

/**
 * Declares the tests that every store of secrets must pass, with any test runner.
 *
 * What is tested follows from the capabilities that the store declares: what it declares is never skipped. What it does not
 * declare must not be there, which is a test of its own; the other tests of it then pass at once.
 *
 * @example
 * ```ts
 * import { describe, test } from 'node:test'
 * import { memoryStore } from 'latchkey'
 * import { testSecretStore } from 'latchkey/testing'
 *
 * testSecretStore({ describe, test, factory: () => ({ store: memoryStore() }) })
 * ```
 */
export function testSecretStore({ describe, test, factory }: SecretStoreSuite): void {
  for (const [group, cases] of Object.entries(GROUPS)) {
    describe(group, () => {
      for (const [title, run] of Object.entries(cases)) test(title, () => runCase(factory, run))
    })
  }
}
