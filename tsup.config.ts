import { defineConfig } from 'tsup'

/** One entry per subpath of `exports`, and one for what a subpath is inside a child where that is something else. */
const library = {
  index: 'src/index.ts',
  child: 'src/child.ts',
  template: 'src/template/index.ts',
  call: 'src/call.ts',
  redact: 'src/redact/index.ts',
  schemas: 'src/schemas/index.ts',
  errors: 'src/errors.ts',
  testing: 'src/testing/index.ts',
  'stores/aws': 'src/stores/aws.ts',
  'stores/aws-in-child': 'src/stores/aws-in-child.ts',
  'stores/postgres': 'src/stores/postgres.ts',
  'stores/postgres-in-child': 'src/stores/postgres-in-child.ts',
  'stores/redis': 'src/stores/redis.ts',
  'stores/redis-in-child': 'src/stores/redis-in-child.ts',
  'stores/directory': 'src/stores/directory.ts',
  'stores/directory-in-child': 'src/stores/directory-in-child.ts',
  'stores/vault': 'src/stores/vault.ts',
  'stores/vault-in-child': 'src/stores/vault-in-child.ts',
  'stores/etcd': 'src/stores/etcd.ts',
  'stores/etcd-in-child': 'src/stores/etcd-in-child.ts',
  'worker-entry': 'src/worker/entry.ts',
}

export default defineConfig({
  // The bin and the rehearsal, which nobody imports.
  entry: { ...library, cli: 'src/cli/main.ts', rehearsal: 'src/worker/rehearsal.ts' },
  format: 'esm',
  target: 'node20.19',
  platform: 'node',
  dts: { entry: library, compilerOptions: { composite: false } },
  sourcemap: false,
  splitting: true,
  clean: true,
})
