import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, run } from '../helpers/packed-package.ts'

const packed = await run('npm', ['pack', '--ignore-scripts', '--dry-run', '--json'], ROOT)
const [tarball] = Object.values(JSON.parse(packed.stdout) as Record<string, { files: { path: string }[] }>)
const files = tarball!.files.map(({ path }) => path).sort()
const tracked = (await run('git', ['ls-files', '-z'], ROOT)).stdout.split('\0').filter((path) => path !== '')
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | Record<string, string>>
  scripts: Record<string, string>
}

test('the tarball holds the built package and its pages, and nothing else', () => {
  const pages = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json']
  expect(files.filter((path) => !path.startsWith('dist/'))).toEqual(pages)
  const built = /^dist\/(stores\/)?[\w-]+(\.c?js|\.d\.ts)$|^dist\/THIRD-PARTY\.txt$/
  expect(files.filter((path) => path.startsWith('dist/') && !built.test(path))).toEqual([])
})

test('no program of the tarball points to a source map, which is not shipped', () => {
  for (const path of files)
    expect(readFileSync(join(ROOT, path), 'utf8').includes('sourceMappingURL='), path).toBe(false)
})

test('the tarball holds every file that exports name', () => {
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  )
  for (const target of targets) expect(files).toContain(target.replace('./', ''))
})

test('no file of the tarball names a folder of the machine that built it', () => {
  for (const path of files) {
    const text = readFileSync(join(ROOT, path), 'utf8')
    expect(text.includes(ROOT), path).toBe(false)
    expect(text.includes(`${homedir()}/`), path).toBe(false)
  }
})

test('installing the package runs no script', () => {
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
    expect(manifest.scripts).not.toHaveProperty(name)
})

test('no tracked file names a host of a package registry', () => {
  const host = new RegExp(
    ['registry\\.(npmjs|yarnpkg)', 'npmmirror', 'npm\\.pkg\\.github'].map((name) => `${name}\\.`).join('|'),
  )
  for (const path of tracked.filter((file) => existsSync(join(ROOT, file)))) {
    expect(host.test(readFileSync(join(ROOT, path), 'utf8')), path).toBe(false)
  }
})

test('the lock file tells versions and not where they came from, for every platform', () => {
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
  expect(lock).not.toContain('"resolved"')
  const { packages } = JSON.parse(lock) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>
  }
  const names = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)))
  // What npm leaves out when it writes the file over an installed folder, and then misses in `npm ci`.
  for (const { optionalDependencies = {} } of Object.values(packages)) {
    for (const name of Object.keys(optionalDependencies)) expect(names).toContain(name)
  }
})
