import { configDefaults, defineConfig } from 'vitest/config'
import { leftOutOn } from './test/platforms.ts'

const leftOut = leftOutOn(process.platform).map((entry) => entry.replace(/\/$/, '/**'))

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...leftOut],
    // What hangs must end; what is slow because the machine is busy must not fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // The built package is run as Node runs it, not as Vite would transform it.
    server: { deps: { external: [/\/dist\//] } },
  },
})
