import { configDefaults, defineConfig } from 'vitest/config'
import { TEST_LIMIT_MS, WAIT_LIMIT_MS } from './test/helpers/limits.ts'
import { leftOutOn } from './test/platforms.ts'

const leftOut = leftOutOn(process.platform).map((entry) => entry.replace(/\/$/, '/**'))

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...leftOut],
    // What hangs must end; what is slow because the machine is busy must not fail. No test has a limit of its own.
    testTimeout: TEST_LIMIT_MS,
    hookTimeout: TEST_LIMIT_MS,
    expect: { poll: { timeout: WAIT_LIMIT_MS } },
    pool: 'forks',
    // The built package is run as Node runs it, not as Vite would transform it.
    server: { deps: { external: [/\/dist\//] } },
  },
})
