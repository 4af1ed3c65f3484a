/** Runs the conformance suite without a test runner. */
import { testSecretStore } from '../../src/testing/index.ts'
import type { StoreFactory } from '../../src/testing/index.ts'

/** The tests of the suite, as `group: title`, and the first line of what each that failed says. */
export interface SuiteRun {
  readonly titles: readonly string[]
  readonly failures: ReadonlyMap<string, string>
}

/** Declares the suite for the stores of a factory and runs its tests one after another. */
export async function runSuite(factory: StoreFactory): Promise<SuiteRun> {
  const tests: { title: string; body: () => Promise<void> }[] = []
  let group = ''
  testSecretStore({
    describe: (title, body) => {
      group = title
      body()
    },
    test: (title, body) => tests.push({ title: `${group}: ${title}`, body }),
    factory,
  })
  const failures = new Map<string, string>()
  for (const { title, body } of tests) {
    try {
      await body()
    } catch (error) {
      failures.set(title, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
    }
  }
  return { titles: tests.map(({ title }) => title), failures }
}
