/** Runs the tests of one area against `src` as Stryker changes it, or against what was built of that. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import { TEST_LIMIT_MS, WAIT_LIMIT_MS } from '../helpers/limits.ts'
import { area } from './areas.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { tests, without, built } = area(process.env.MUTATION_AREA)
const source = [
  { find: /^latchkey$/, replacement: `${root}src/index.ts` },
  { find: /^latchkey\/(template|redact|schemas|testing)$/, replacement: `${root}src/$1/index.ts` },
  { find: /^latchkey\/(errors|call|stores\/[a-z]+)$/, replacement: `${root}src/$1.ts` },
]

/** Files of property tests come last: most mutants are killed before. */
class PropertiesLast extends BaseSequencer {
  sort(files) {
    const isRandom = ({ moduleId }) => Number(readFileSync(moduleId, 'utf8').includes("helpers/property.ts'"))
    return files.sort((a, b) => isRandom(a) - isRandom(b) || a.moduleId.localeCompare(b.moduleId))
  }
}

export default defineConfig({
  root,
  resolve: { alias: built ? [] : source },
  test: {
    include: tests,
    exclude: without,
    setupFiles: [`${root}test/mutation/setup.mjs`],
    // One thread for all files of a run is fresh in each run, so that also what modules do when they load is changed. Files that share
    // a module of functions, which closes its registry at the end, need a thread each.
    isolate: built,
    sequence: { sequencer: PropertiesLast },
    testTimeout: TEST_LIMIT_MS,
    hookTimeout: TEST_LIMIT_MS,
    expect: { poll: { timeout: WAIT_LIMIT_MS } },
    server: { deps: { external: [/\/dist\//] } },
  },
})
