import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // The built package is run as Node runs it, not as Vite would transform it.
    server: { deps: { external: [/\/dist\//] } },
  },
})
