import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // What hangs must end; what is slow because the machine is busy must not fail.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // The built package is run as Node runs it, not as Vite would transform it.
    server: { deps: { external: [/\/dist\//] } },
  },
})
