import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
import { defineConfig, type Options } from 'tsup'
import { commonJs } from './commonjs.config.ts'

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

/** What is loaded together: what every command needs, with those that scripts call most; what reads a store file; what writes one. */
const bundles = {
  'cli.cjs': ['main', 'commands/get', 'commands/list', 'commands/show'].map((name) => `src/cli/${name}.ts`),
  'run.cjs': ['src/cli/commands/run.ts'],
  'store-file.cjs': ['src/stores/file/reader.ts'],
  'store-file-writing.cjs': ['src/stores/file.ts'],
}

/**
 * Writes dist/THIRD-PARTY.txt: the licences of the packages of which the build holds a copy. These are what the command line alone
 * uses, so that a service which embeds the library installs none of them.
 */
const thirdParty: Plugin = {
  name: 'third-party',
  setup(build) {
    build.initialOptions.metafile = true
    build.onEnd(({ metafile }) => {
      const folders = Object.keys(metafile?.inputs ?? {}).flatMap((path) => {
        const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []
        return folder === undefined ? [] : [folder]
      })
      const notices = [...new Set(folders)].map(noticeOf).sort()
      const heading = 'The command line of latchkey holds copies of the following packages, under their own licences.'
      mkdirSync('dist', { recursive: true })
      writeFileSync('dist/THIRD-PARTY.txt', `${[heading, ...notices].join(`\n\n${'-'.repeat(80)}\n`)}\n`)
    })
  },
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Record<
    string,
    string
  >
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${folder} has no licence, and cannot be bundled`)
  return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}`
}

const shared = {
  format: 'esm',
  target: 'node20.19',
  platform: 'node',
  sourcemap: false,
  splitting: true,
} satisfies Options

// Two builds into one folder: neither may empty it.
rmSync('dist', { recursive: true, force: true })

export default defineConfig([
  {
    ...shared,
    // The last one is what a spare rehearses with; nobody imports it.
    entry: { ...library, rehearsal: 'src/worker/rehearsal.ts', 'cli-collecting': 'src/cli/collecting/entry.ts' },
    dts: { entry: library, compilerOptions: { composite: false } },
  },
  {
    ...shared,
    // Few and short files, with the cipher among them: each one that is read delays every command.
    entry: { cli: 'src/cli/main.ts' },
    outExtension: () => ({ js: '.cjs' }),
    minify: true,
    noExternal: ['@noble/ciphers'],
    esbuildOptions(options) {
      // What Node would load of it is CommonJS, which cannot be put into an ES module. This is the same code as ES modules.
      options.alias = { yaml: fileURLToPath(new URL('node_modules/yaml/browser/dist/index.js', import.meta.url)) }
    },
    esbuildPlugins: [thirdParty, commonJs(bundles, shared.target)],
  },
])
