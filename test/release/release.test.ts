/** The release script, in repositories of their own: real git, real npm, and a registry of the test that nobody must write to. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ROOT, run, temporaryFolder, type Ran } from '../helpers/packed-package.ts'

const SCRIPT = join(ROOT, '.ci/release/release.mjs')
const CHANGELOG = `# Changelog

## [Unreleased]

## [1.2.0] - 2026-11-24

### Added

- A thing.

## [1.1.0] - 2026-10-01

### Fixed

- Another.

[Unreleased]: https://example.org/compare/v1.2.0...HEAD
[1.2.0]: https://example.org/compare/v1.1.0...v1.2.0
`
const MANIFEST = {
  name: 'released',
  version: '1.2.0',
  repository: 'https://example.org/released',
  files: ['index.js'],
  scripts: {
    lint: `node -e "console.log('lint ran')"`,
    check: `node -e "console.log('check ran')"`,
    test: `node -e "console.log('test ran')"`,
  },
}
const LOCK = { name: 'released', version: '1.2.0', lockfileVersion: 3, packages: { '': { version: '1.2.0' } } }

interface Repository {
  readonly folder: string
  write(files: Readonly<Record<string, string | object>>): void
  git(...args: string[]): string
  /** Writes, and commits what was written. */
  commit(files?: Readonly<Record<string, string | object>>): void
  release(...args: string[]): Promise<Ran>
}

/** Makes a repository that can be released. */
function repository(files: Readonly<Record<string, string | object>> = {}): Repository {
  const { folder, remove } = temporaryFolder()
  onTestFinished(remove)
  const made: Repository = {
    folder,
    write(files) {
      for (const [name, content] of Object.entries(files)) {
        writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
      }
    },
    git: (...args) =>
      execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    commit(files = {}) {
      made.write(files)
      made.git('add', '-A')
      made.git('-c', 'user.name=Nobody', '-c', 'user.email=nobody@example.org', 'commit', '-q', '-m', 'x')
    },
    release: (...args) => run(process.execPath, [SCRIPT, ...args], folder),
  }
  made.git('init', '-q', '-b', 'main')
  made.commit({
    'package.json': MANIFEST,
    'package-lock.json': LOCK,
    'CHANGELOG.md': CHANGELOG,
    'index.js': 'export {}\n',
    '.gitignore': 'release/\n',
    ...files,
  })
  return made
}

test('a repository that can be released is checked and packed, and nothing is published', async () => {
  const made = repository()
  const { code, stdout } = await made.release()
  expect(code).toBe(0)
  for (const name of ['lint', 'check', 'test']) expect(stdout).toContain(`${name} ran`)
  expect(stdout).toContain('### Added\n\n- A thing.\n')
  expect(stdout).not.toContain('- Another.')
  expect(stdout).toMatch(/released 1\.2\.0 is ready: .*released-1\.2\.0\.tgz\nNothing was published\.\n$/)
  expect(readdirSync(join(made.folder, 'release'))).toEqual(['released-1.2.0.tgz'])
  expect(made.git('status', '--porcelain')).toBe('')
})

const withChangelog = (from: string | RegExp, to: string) => ({ 'CHANGELOG.md': CHANGELOG.replace(from, to) })
const withManifest = (change: object) => ({ 'package.json': { ...MANIFEST, ...change } })

test.each<[what: string, files: Record<string, string | object>, finding: string]>([
  [
    'a changelog without Unreleased',
    withChangelog('## [Unreleased]\n', ''),
    'does not begin with an Unreleased section.',
  ],
  [
    'something Unreleased',
    withChangelog('## [Unreleased]\n', '## [Unreleased]\n\n- New.\n'),
    'still has something Unreleased',
  ],
  ['no section', withChangelog('## [1.2.0]', '## [1.1.9]'), 'has no section for 1.2.0.'],
  ['no date', withChangelog('## [1.2.0] - 2026-11-24', '## [1.2.0]'), 'gives 1.2.0 no date'],
  ['a date that is none', withChangelog('2026-11-24', '2026-13-24'), 'gives 1.2.0 no date'],
  ['a date to come', withChangelog('2026-11-24', '2999-01-01'), 'dates 1.2.0 later than today.'],
  ['an empty section', withChangelog('- A thing.', ''), 'says nothing of 1.2.0.'],
  ['a group of another name', withChangelog('### Added', '### News'), 'has a group News in 1.2.0'],
  [
    'another section first',
    withChangelog('## [1.2.0]', '## [1.3.0] - 2026-11-25\n\n- B.\n\n## [1.2.0]'),
    'has another section between',
  ],
  ['no link for the version', withChangelog(/^\[1\.2\.0\]: .*$/m, ''), 'has no link for 1.2.0'],
  ['no link for Unreleased', withChangelog(/^\[Unreleased\]: .*$/m, ''), 'has no link for Unreleased'],
  ['a version that is none', withManifest({ version: 'next' }), 'package.json has no version: next.'],
  ['a lock file of another version', { 'package-lock.json': { ...LOCK, version: '1.1.0' } }, 'is not of version 1.2.0'],
  ['a lock file of another package', { 'package-lock.json': { ...LOCK, name: 'other' } }, 'is not of released.'],
  ['a private package', withManifest({ private: true }), 'says that the package is private.'],
  ['no repository', withManifest({ repository: undefined }), 'names no repository'],
])('%s is refused, and nothing is run', async (_, files, finding) => {
  const { code, stdout, stderr } = await repository(files).release()
  expect(stderr).toContain('This cannot be released:\n- ')
  expect(stderr).toContain(finding)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
})

test('what is wrong with the repository is told at once: changes, branch and tag', async () => {
  const made = repository()
  made.git('tag', 'v1.2.0')
  made.git('switch', '-q', '-c', 'other')
  made.write({ 'index.js': '' })
  const { code, stdout, stderr } = await made.release()
  expect(stderr).toBe(
    [
      'This cannot be released:',
      'The working tree has changes that are not committed.',
      'The branch is other: releases are made of main.',
      'The tag v1.2.0 is there already: raise the version.\n',
    ].join('\n- '),
  )
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
})

test('a main that origin does not have is refused', async () => {
  const made = repository()
  made.git('update-ref', 'refs/remotes/origin/main', 'HEAD')
  made.commit({ 'index.js': 'export const a = 1\n' })
  expect((await made.release()).stderr).toContain('main is not what origin has as main.')
})

test.each(['lint', 'check', 'test'])('nothing is packed where npm run %s fails', async (name) => {
  const made = repository(withManifest({ scripts: { ...MANIFEST.scripts, [name]: 'node -e "process.exit(1)"' } }))
  const { code, stderr } = await made.release()
  expect(stderr).toContain(`npm run ${name} failed.`)
  expect(code).toBe(1)
  expect(readdirSync(made.folder)).not.toContain('release')
})

test('a folder that holds something is refused, so that no other tarball is taken for this one', async () => {
  const made = repository()
  mkdirSync(join(made.folder, 'release'))
  made.write({ 'release/older.tgz': '' })
  const { code, stdout, stderr } = await made.release()
  expect(stderr).toContain('is not empty.')
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
})

test.each([
  [['--publish'], '--publish needs --tarball'],
  [['--tarball', 'other-1.2.0.tgz', '--publish'], 'The tarball of 1.2.0 is called released-1.2.0.tgz.'],
  [['--tarball', 'other-released-1.2.0.tgz'], 'The tarball of 1.2.0 is called released-1.2.0.tgz.'],
  [['--tarball', 'release/released-1.2.0.tgz'], 'There is no release/released-1.2.0.tgz.'],
  [['--now'], "Unknown option '--now'"],
])('%j is refused', async (args, message) => {
  const { code, stdout, stderr } = await repository().release(...args)
  expect(stderr).toContain(message)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
})

test('--help tells the options, and looks at nothing', async () => {
  const { code, stdout, stderr } = await repository({ 'CHANGELOG.md': '' }).release('--help')
  expect(stdout).toMatch(/^Usage: npm run release/)
  for (const option of ['--out', '--tarball', '--publish']) expect(stdout).toContain(option)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('outside of a workflow npm makes no provenance statement, and so nothing is published', async () => {
  const asked: string[] = []
  const registry = createServer((request, response) => {
    asked.push(request.method ?? '')
    response.writeHead(404).end('{}')
  }).listen(0, '127.0.0.1')
  await once(registry, 'listening')
  onTestFinished(() => void registry.close())
  const { port } = registry.address() as AddressInfo
  const made = repository()
  await made.release()
  writeFileSync(join(made.folder, '.git/npmrc'), `//127.0.0.1:${port}/:_authToken=made-up\n`)
  const variables = [
    `npm_config_registry=http://127.0.0.1:${port}/`,
    `npm_config_userconfig=${join(made.folder, '.git/npmrc')}`,
  ]
  const args = ['-u', 'CI', '-u', 'GITHUB_ACTIONS', '-u', 'GITLAB_CI', ...variables, process.execPath, SCRIPT]
  const { code, stdout, stderr } = await run(
    'env',
    [...args, '--tarball', 'release/released-1.2.0.tgz', '--publish'],
    made.folder,
  )
  expect(stdout).toContain('> npm publish ')
  expect(stdout).toContain('released-1.2.0.tgz --provenance --access public')
  expect(stderr).toMatch(/provenance/i)
  expect(stderr).toContain('npm publish')
  expect(code).toBe(1)
  expect(asked).not.toContain('PUT')
})

test('the script runs the scripts that the package has', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  expect(scripts['release']).toBe('node .ci/release/release.mjs')
  for (const name of ['lint', 'check', 'test']) expect(scripts).toHaveProperty(name)
})
