/**
 * Mutation testing of one area: `npm run mutation -- AREA`. Tests that take long run only for the mutants that survive all
 * others. What survives is written to coverage/mutation/AREA/, and told.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { Stryker } from '@stryker-mutator/core'
import { area } from './areas.mjs'

const [name, ...files] = process.argv.slice(2)
const { mutate, built, long } = area(name)
const folder = `coverage/mutation/${name}`
process.env.MUTATION_AREA = name

/** Runs all tests, or all but the long ones, for the mutants of these files or ranges. */
function mutants(ranges, pass) {
  return new Stryker({
    mutate: ranges,
    plugins: ['@stryker-mutator/vitest-runner'],
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    ...(built && { buildCommand: 'npx tsup --no-dts' }),
    ignorePatterns: ['bench', 'coverage', 'api', 'docs'],
    tempDirName: `${folder}/sandbox`,
    incremental: true,
    incrementalFile: `${folder}/${pass}.json`,
    reporters: ['progress-append-only', 'html'],
    htmlReporter: { fileName: `${folder}/${pass}.html` },
    allowConsoleColors: false,
    concurrency: 1,
    timeoutMS: 30_000,
    timeoutFactor: 4,
  }).runMutationTest()
}

const key = ({ fileName, location: { start, end }, mutatorName, replacement }) =>
  JSON.stringify([fileName, start, end, mutatorName, replacement])
const range = ({ fileName, location: { start, end } }) =>
  `${fileName}:${start.line + 1}:${start.column}-${end.line + 1}:${end.column}`
const lives = ({ status }) => status === 'Survived' || status === 'NoCoverage'

const found = new Map((await mutants(files.length > 0 ? files : mutate, 'quick')).map((one) => [key(one), one]))
const left = [...found.values()].filter(lives)
if (left.length > 0 && long.length > 0) {
  process.env.MUTATION_LONG = '1'
  for (const one of await mutants(left.map(range), 'long')) {
    if (lives(found.get(key(one)) ?? {})) found.set(key(one), one)
  }
}

const all = [...found.values()]
const counted = (...statuses) => all.filter(({ status }) => statuses.includes(status)).length
const survivors = all
  .filter(lives)
  .map((one) => ({ at: range(one), mutatorName: one.mutatorName, by: one.replacement }))
await mkdir(folder, { recursive: true })
await writeFile(`${folder}/survivors.json`, `${JSON.stringify(survivors, undefined, 2)}\n`)
for (const { at, mutatorName, by } of survivors) console.log(`${at} ${mutatorName}: ${by.replaceAll('\n', ' ')}`)
const dead = counted('Killed', 'Timeout')
console.log(
  `${name}: ${all.length} mutants, ${dead} killed (${counted('Timeout')} by time), ${survivors.length} survived, ` +
    `${all.length - dead - survivors.length} not valid: ${((100 * dead) / (dead + survivors.length)).toFixed(1)} %`,
)
