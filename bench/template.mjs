/**
 * Measures the template resolver against plain work on the same tree, and beside other ways to fill in a template.
 *
 * `node bench/template.mjs` prints Markdown tables; `--quick` runs fewer rounds. Needs a build. Each case runs in a process
 * of its own, so that the garbage of one is not collected on the time of another.
 */
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import Handlebars from 'handlebars'
import { Liquid } from 'liquidjs'
import lodashTemplate from 'lodash/template.js'
import Mustache from 'mustache'
import { compileTemplate, resolveTemplate } from 'latchkey/template'

const SECRETS = {
  my_datadog_secret: { DATADOG_API_KEY: 'dd-0123456789abcdef' },
  my_github_secret: { GH_ACCESS_TOKEN: 'gh-0123456789abcdef', GH_USERNAME: 'octocat' },
}
const contexts = { SECRETS }
const REFERENCES = [
  'my_datadog_secret.DATADOG_API_KEY',
  'my_github_secret.GH_ACCESS_TOKEN',
  'my_github_secret.GH_USERNAME',
]
const ROUNDS = process.argv.includes('--quick') ? 60 : 400
const ROUND_MS = 1

/** A loop over keys: the least that a fresh result costs. */
function clone(value) {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const copy = []
    for (let i = 0; i < value.length; i++) copy.push(clone(value[i]))
    return copy
  }
  const copy = {}
  for (const key of Object.keys(value)) copy[key] = clone(value[key])
  return copy
}

/** The same without recursion, for what is too deep for it. */
function cloneIteratively(root) {
  const result = {}
  const stack = [[root, result]]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [value, copy] = next
    for (const key of Object.keys(value)) {
      const member = value[key]
      if (typeof member !== 'object' || member === null) copy[key] = member
      else stack.push([member, (copy[key] = {})])
    }
  }
  return result
}

/** Applies a function to every string of a tree. */
function mapStrings(value, map) {
  if (typeof value === 'string') return map(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, map))
  const copy = {}
  for (const key of Object.keys(value)) copy[key] = mapStrings(value[key], map)
  return copy
}

/** Compiles every string that holds a tag, in advance, and calls what that gave. */
function mapCompiled(value, compile) {
  const compiled = mapStrings(value, (text) => (text.includes('{{') ? compile(text) : text))
  return () => callAll(compiled)
}
function callAll(value) {
  if (typeof value === 'function') return value(contexts)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(callAll)
  const copy = {}
  for (const key of Object.keys(value)) copy[key] = callAll(value[key])
  return copy
}

const identity = (text) => text
const liquid = new Liquid()
const REFERENCE = /\{\{\s*SECRETS\.(\w+)\.(\w+)\s*\}\}/g
const lookUp = (_, name, key) => SECRETS[name][key]

/** The other ways, as `(tree) => run`. */
const peers = {
  'Mustache.render per string': (tree) => () =>
    mapStrings(tree, (text) => Mustache.render(text, contexts, {}, { escape: identity })),
  'JSON.stringify + render + parse': (tree) => () =>
    JSON.parse(Mustache.render(JSON.stringify(tree), contexts, {}, { escape: identity })),
  'Handlebars, pre-compiled': (tree) => mapCompiled(tree, (text) => Handlebars.compile(text, { noEscape: true })),
  'liquidjs, pre-compiled': (tree) =>
    mapCompiled(tree, (text) => {
      const parsed = liquid.parse(text)
      return (view) => liquid.renderSync(parsed, view)
    }),
  'lodash.template, pre-compiled': (tree) =>
    mapCompiled(tree, (text) => lodashTemplate(text, { interpolate: /\{\{([\s\S]+?)\}\}/g })),
  'regular expression + replace': (tree) => () => mapStrings(tree, (text) => text.replace(REFERENCE, lookUp)),
}

function words(length, seed) {
  let text = ''
  for (let i = 0; text.length < length; i++) text += `${((seed + i) * 2654435761) % 99991} `
  return text.slice(0, length)
}

function twentyStrings(tags) {
  const tree = {}
  for (let i = 0; i < 20; i++) {
    tree[`field_${i}`] = i % 4 === 0 && i / 4 < tags ? `Bearer {{ SECRETS.${REFERENCES[(i / 4) % 3]} }}` : words(24, i)
  }
  return tree
}

/** About 1 MB of JSON: 10,000 strings in 1,000 objects. */
function document(taggedInHundred) {
  const items = []
  for (let i = 0; i < 1000; i++) {
    const item = {}
    for (let j = 0; j < 10; j++) {
      const n = i * 10 + j
      const tag = n % 100 < taggedInHundred ? ` {{ SECRETS.${REFERENCES[n % 3]} }}` : ''
      item[`field_${j}`] = words(90, n) + tag
    }
    items.push(item)
  }
  return { items }
}

function levels(depth) {
  let tree = { text: 'Bearer {{ SECRETS.my_datadog_secret.DATADOG_API_KEY }}' }
  for (let i = 1; i < depth; i++) tree = { text: 'plain', next: tree }
  return tree
}

const parsed = (tree) => JSON.parse(JSON.stringify(tree))
const cases = [
  {
    name: '(a) one string, one tag',
    tree: 'Bearer {{ SECRETS.my_datadog_secret.DATADOG_API_KEY }}',
    floor: () => plainWork(SECRETS.my_datadog_secret),
    goals: { oneShot: 5, compiled: 1.5 },
  },
  { name: '(b) 20 strings, 5 tags', tree: parsed(twentyStrings(5)), goals: { oneShot: 6, compiled: 1 } },
  { name: '(c) 1 MB, 10,000 strings, 1 % tagged', tree: parsed(document(1)), goals: { oneShot: 3, compiled: 0.8 } },
  {
    name: '(d) 10,000 levels',
    tree: levels(10_000),
    floor: cloneIteratively,
    goals: { oneShot: 7 },
  },
  { name: '(e) 20 strings, no tag', tree: parsed(twentyStrings(0)), goals: { oneShot: 2.5, compiled: 0.7 } },
  { name: '(e) 1 MB, 10,000 strings, no tag', tree: parsed(document(0)), goals: { oneShot: 2.5, compiled: 0.7 } },
]

/** What (a) is measured against: an awaited function that joins two strings. */
async function plainWork(secret) {
  return 'Bearer ' + secret.DATADOG_API_KEY
}

async function timeOf(run, times) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < times; i++) await run()
  return Number(process.hrtime.bigint() - start) / times
}

function timeOfSync(run, times) {
  let last
  const start = process.hrtime.bigint()
  for (let i = 0; i < times; i++) last = run()
  return last === undefined ? NaN : Number(process.hrtime.bigint() - start) / times
}

/**
 * Times several runs, in nanoseconds each. The runs take turns in rounds of about a millisecond, and the first quartile of
 * the rounds counts: what else the machine does only ever adds.
 */
async function timesOf(runs) {
  const prepared = []
  for (const run of runs) {
    const isAsync = run() instanceof Promise
    const once = async (times) => (isAsync ? await timeOf(run, times) : timeOfSync(run, times))
    let times = 1
    for (let i = 0; i < 20; i++) await once(1)
    while ((await once(times)) * times < ROUND_MS * 1e6 && times < 1e5) times *= 2
    prepared.push({ once, times, samples: [] })
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const { once, times, samples } of prepared) samples.push(await once(times))
  }
  return prepared.map(({ samples }) => samples.sort((a, b) => a - b)[samples.length >> 2])
}

function duration(ns) {
  if (ns < 1e3) return `${ns.toFixed(0)} ns`
  return ns < 1e6 ? `${(ns / 1e3).toFixed(2)} µs` : `${(ns / 1e6).toFixed(2)} ms`
}

/** Measures one case. Returns its row of figures, as ratios to the floor. */
async function measure({ tree, floor = clone, goals }) {
  const base = { floor: () => floor(tree) }
  const runs = { ...base, oneShot: () => resolveTemplate(tree, contexts) }
  const failed = {}
  for (const [name, make] of Object.entries(peers)) {
    try {
      const run = make(tree)
      run()
      runs[name] = run
    } catch (error) {
      failed[name] = error.name
    }
  }
  const figures = { ...(await ratiosOf(runs)), ...failed }
  if (goals.compiled === undefined) return figures
  const plan = compileTemplate(tree)
  const { compiled } = await ratiosOf({ ...base, compiled: () => plan.resolve(contexts) })
  return { ...figures, compiled }
}

async function ratiosOf(runs) {
  const [floor, ...times] = await timesOf(Object.values(runs))
  const [, ...names] = Object.keys(runs)
  return Object.fromEntries([['floor', floor], ...names.map((name, index) => [name, times[index] / floor])])
}

function shown(value) {
  if (typeof value !== 'number') return value ?? '-'
  return `${value < 10 ? value.toPrecision(2) : value.toFixed(0)} x`
}

/** Runs every case, each in a process of its own, and prints the tables. */
export function run() {
  console.log(
    `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} x ${cpus()[0]?.model ?? '?'}`,
  )
  console.log('\n| | floor | one-shot | goal | compiled | goal |\n|---|---|---|---|---|---|')
  const rows = cases.map(({ name, goals }, index) => {
    const args = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2), `--case=${index}`]
    const figures = JSON.parse(
      execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
    )
    const cells = [
      duration(figures.floor),
      shown(figures.oneShot),
      shown(goals.oneShot),
      shown(figures.compiled),
      shown(goals.compiled),
    ]
    console.log(`| ${[name, ...cells].join(' | ')} |`)
    return figures
  })
  console.log(`\n| beside it | (a) | (b) | (c) | (d) | (e) 20 | (e) 1 MB |\n|---${'|---'.repeat(rows.length)}|`)
  for (const name of Object.keys(peers))
    console.log(`| ${[name, ...rows.map((row) => shown(row[name]))].join(' | ')} |`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const chosen = process.argv.find((item) => item.startsWith('--case='))
  if (chosen === undefined) run()
  else console.log(JSON.stringify(await measure(cases[Number(chosen.slice('--case='.length))])))
}
