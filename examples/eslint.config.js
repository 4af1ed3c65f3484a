// The rules of the repository, for files that find latchkey only where `npm run examples` has installed it.
import rules from '../eslint.config.js'

// What node:test gives back nobody has to await.
const nodeTest = { from: 'package', package: 'node:test', name: ['test', 'describe'] }

export default [
  ...rules,
  {
    files: ['**/*.ts'],
    rules: {
      // Registered functions are async, whether they wait for something or not.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [nodeTest] }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { properties: false } }],
    },
  },
  { files: ['commonjs/**/*.js'], languageOptions: { sourceType: 'commonjs' } },
]
