/**
 * Mutation testing: `npm run mutation -- AREA [FILE…]`, of all files of the area or of some. Tests that take long run only for
 * the mutants that no other test kills. What is known of each file is kept in coverage/mutation/AREA/mutants.json.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { Stryker } from '@stryker-mutator/core'
import { area } from './areas.mjs'

const [name, ...files] = process.argv.slice(2)
const { source, built } = area(name)
const folder = `coverage/mutation/${name}`
process.env.MUTATION_AREA = name
process.env.MUTATION_PACKAGES = resolve('node_modules')

/** Tries the mutants of these files or ranges with all tests, or with all but the long ones. */
async function tried(ranges, pass) {
  process.env.MUTATION_PASS = pass
  const results = await new Stryker({
    mutate: ranges,
    plugins: ['@stryker-mutator/vitest-runner', './test/mutation/survivors.mjs'],
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.mjs', related: false },
    ...(built && { symlinkNodeModules: false, buildCommand: 'node test/mutation/build.mjs' }),
    ignorePatterns: ['bench', 'coverage', 'api', 'docs'],
    tempDirName: `${folder}/sandbox`,
    // Goes on where a run was broken off.
    incremental: built,
    incrementalFile: `${folder}/${pass}.json`,
    reporters: ['survivors'],
    logLevel: 'warn',
    allowConsoleColors: false,
    concurrency: 1,
    timeoutMS: 5_000,
    timeoutFactor: 4,
  }).runMutationTest()
  return results.map(({ fileName, location, mutatorName, replacement, status }) => {
    return { fileName: relative('.', fileName), location, mutatorName, replacement, status }
  })
}

const key = ({ fileName, location: { start, end }, mutatorName, replacement }) =>
  JSON.stringify([fileName, start, end, mutatorName, replacement])
/** As `mutate` takes it: lines count from 1, columns from 0. Those of results both count from 1. */
const range = ({ fileName, location: { start, end } }) =>
  `${fileName}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`
const lives = ({ status }) => status === 'Survived' || status === 'NoCoverage'

async function sources() {
  if (files.length > 0) return files
  if (source.endsWith('.ts')) return [source]
  const found = await readdir(source, { recursive: true })
  return found.filter((file) => file.endsWith('.ts')).map((file) => join(source, file))
}

/** The mutants of these files, each with what became of it. */
async function examined(these) {
  const found = new Map((await tried(these, 'quick')).map((one) => [key(one), one]))
  const left = [...found.values()].filter(lives)
  if (left.length > 0) {
    for (const one of await tried(left.map(range), 'long')) {
      const before = found.get(key(one))
      if (before !== undefined && lives(before) && !lives(one)) found.set(key(one), one)
    }
  }
  return [...found.values()]
}

/** What is known so far, of earlier runs too. */
async function known() {
  try {
    return JSON.parse(await readFile(`${folder}/mutants.json`, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}

/** Keeps what was found, in place of what was known of the same files. */
async function keep(found) {
  const changed = new Set(found.map(({ fileName }) => fileName))
  const all = [...(await known()).filter(({ fileName }) => !changed.has(fileName)), ...found]
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}/mutants.json`, JSON.stringify(all))
}

// One file after another: code with mutants in it is many times slower, so that the others run as they are. What is built is
// built once.
const all = await sources()
for (const these of built ? [all] : all.map((file) => [file])) await keep(await examined(these))

const mutants = await known()
for (const one of mutants.filter(lives)) {
  console.log(`${range(one)} ${one.mutatorName}: ${one.replacement.replaceAll(/\s+/g, ' ')}`)
}
const row = (title, these) => {
  const dead = these.filter(({ status }) => status === 'Killed' || status === 'Timeout').length
  const alive = these.filter(lives).length
  return {
    '': title,
    mutants: dead + alive,
    killed: dead,
    survived: alive,
    '%': ((100 * dead) / (dead + alive)).toFixed(1),
  }
}
const ofFile = (file) => mutants.filter(({ fileName }) => fileName === file)
const measured = [...new Set(mutants.map(({ fileName }) => fileName))].sort()
console.table([...measured.map((file) => row(file, ofFile(file))), row(name, mutants)])
