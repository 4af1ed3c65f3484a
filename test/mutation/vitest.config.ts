/** Runs the tests of one area against `src` as Stryker changes it, or against what was built of that. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { area } from './areas.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { tests, without, built } = area(process.env['MUTATION_AREA'])
const source = [
  { find: /^latchkey$/, replacement: `${root}src/index.ts` },
  { find: /^latchkey\/(template|redact|schemas|testing)$/, replacement: `${root}src/$1/index.ts` },
  { find: /^latchkey\/(errors|call|stores\/[a-z]+)$/, replacement: `${root}src/$1.ts` },
]

export default defineConfig({
  root,
  resolve: { alias: built ? [] : source },
  test: {
    include: tests,
    exclude: without,
    setupFiles: [`${root}test/mutation/setup.ts`],
    // One thread for all files of a run is fresh in each run, so that also what modules do when they load is changed.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    server: { deps: { external: [/\/dist\//] } },
  },
})
