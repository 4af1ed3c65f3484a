import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../helpers/packed-package.ts'

interface Package {
  name: string
  version: string
  license: string
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const packageIn = (folder: string) => JSON.parse(read(`${folder}package.json`)) as Package

/** The folder of a package, for one that stands in `from`, as Node looks for it: there, or further up. */
function folderOf(name: string, from: string): string {
  const here = `${from}node_modules/${name}/`
  if (existsSync(join(ROOT, here))) return here
  if (from === '') throw new Error(`${name} is not installed`)
  return folderOf(name, from.replace(/node_modules\/(?:@[^/]+\/)?[^/]+\/$/, ''))
}

/** The folders of what is bundled: of all that the sources import and users do not install, and of what that needs. */
function bundled(): string[] {
  const theirs = { ...packageIn('').dependencies, ...packageIn('').peerDependencies }
  const folders = new Set<string>()
  const add = (name: string, from: string): void => {
    const folder = folderOf(name, from)
    if (folders.has(folder)) return
    folders.add(folder)
    for (const needed of Object.keys(packageIn(folder).dependencies ?? {})) add(needed, folder)
  }
  const pattern = /^(?:import|export) (?!type )[^']*? from '([^']+)'|\bimport\('([^']+)'\)/gm
  for (const path of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue
    for (const [, fixed, later] of read(`src/${path}`).matchAll(pattern)) {
      const from = fixed ?? later ?? ''
      if (from.startsWith('.') || from.startsWith('node:')) continue
      const name = from.split('/', from.startsWith('@') ? 2 : 1).join('/')
      // The cipher is installed with the library, too; the command line holds a copy of its own.
      if (!Object.hasOwn(theirs, name) || name === '@noble/ciphers') add(name, '')
    }
  }
  return [...folders]
}

const packages = bundled()
  .map((folder) => ({ folder, ...packageIn(folder) }))
  .sort((one, other) => (one.name < other.name ? -1 : 1))
const [heading = '', ...notices] = read('dist/THIRD-PARTY.txt').split(`\n\n${'-'.repeat(80)}\n`)

test('THIRD-PARTY.txt names every package of which the command line holds a copy, in its version, and no other', () => {
  expect(heading).toContain('holds copies of the following packages')
  expect(notices.map((notice) => notice.split('\n', 1)[0])).toEqual(
    packages.map(({ name, version, license }) => `${name} ${version} (${license})`),
  )
  expect(packages.map(({ name }) => name)).toContain('get-east-asian-width')
})

test('each notice is a licence that allows it, with its whole text', () => {
  for (const [index, { folder, name, license }] of packages.entries()) {
    expect(['MIT', 'ISC'], name).toContain(license)
    const file = ['LICENSE', 'license', 'LICENSE.md'].find((path) => existsSync(join(ROOT, folder, path)))
    const text = read(folder + (file ?? 'LICENSE')).trim()
    expect(text, name).toMatch(/copyright/i)
    expect(notices[index]?.trim().endsWith(`\n\n${text}`), name).toBe(true)
  }
})
