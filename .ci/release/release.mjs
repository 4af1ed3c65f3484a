/**
 * Makes a release of the repository in the current folder: looks at its state, runs the checks and packs. It publishes only
 * when it is told so. docs/releasing.md tells how it is used.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { changesOf } from './changelog.mjs'
import { stateFindings } from './state.mjs'

const USAGE = `Usage: npm run release -- [--out FOLDER] [--tarball FILE] [--publish]

Without options: looks whether the repository can be released, runs the checks, packs, and publishes nothing.

--out FOLDER     where the tarball goes; default: release
--tarball FILE   a tarball that was packed and checked before, in place of new checks
--publish        publishes that tarball with provenance, which only a workflow can make
--help           shows this`
const CHECKS = ['lint', 'check', 'test']

/** What ends the program with a message, and no stack. */
class Refused extends Error {}

function main(args) {
  const { out, tarball, publish, help } = options(args)
  if (help) {
    console.log(USAGE)
    return
  }
  if (publish && tarball === undefined)
    throw new Refused('--publish needs --tarball: what is published was checked before.')
  const findings = stateFindings()
  if (findings.length > 0) throw new Refused(['This cannot be released:', ...findings].join('\n- '))
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
  const packed = tarball === undefined ? pack(manifest, out) : known(tarball, manifest)
  console.log(`\n${changesOf(readFileSync('CHANGELOG.md', 'utf8'), manifest.version)}\n`)
  if (!publish) {
    console.log(`${manifest.name} ${manifest.version} is ready: ${packed}\nNothing was published.`)
    return
  }
  npm('publish', packed, '--provenance', '--access', 'public', '--ignore-scripts')
  console.log(`${manifest.name} ${manifest.version} is published. Tag it: git tag -s v${manifest.version}`)
}

function options(args) {
  const known = {
    out: { type: 'string', default: 'release' },
    tarball: { type: 'string' },
    publish: { type: 'boolean' },
    help: { type: 'boolean' },
  }
  try {
    return parseArgs({ args, options: known }).values
  } catch (error) {
    throw new Refused(`${error.message}\n\n${USAGE}`)
  }
}

/** Runs the checks and packs. */
function pack({ name, version }, out) {
  const folder = resolve(out)
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Refused(`${folder} is not empty.`)
  for (const check of CHECKS) npm('run', check)
  mkdirSync(folder, { recursive: true })
  // `npm test` has built it last.
  npm('pack', '--ignore-scripts', '--pack-destination', folder)
  return known(join(folder, fileOf(name, version)), { name, version })
}

/** A tarball by its path, which has to be of this version. */
function known(path, { name, version }) {
  const file = fileOf(name, version)
  if (basename(path) !== file) throw new Refused(`The tarball of ${version} is called ${file}.`)
  if (!existsSync(path)) throw new Refused(`There is no ${path}.`)
  return resolve(path)
}

function fileOf(name, version) {
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
}

/** Runs npm, and shows what it writes. */
function npm(...args) {
  console.log(`\n> npm ${args.join(' ')}`)
  const { status, error } = spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' })
  if (error !== undefined || status !== 0) throw new Refused(`npm ${args.slice(0, 2).join(' ')} failed.`)
}

try {
  main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Refused)) throw error
  console.error(error.message)
  process.exitCode = 1
}
