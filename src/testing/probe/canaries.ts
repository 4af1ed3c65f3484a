/** Values that are looked for, and the texts in which they are looked for. */
import { randomBytes } from 'node:crypto'
import { inspect, types } from 'node:util'
import { argumentError } from '../../errors.ts'
import { createRedactor, type Redactor } from '../../redact/index.ts'

/** Shorter ones may turn up by chance. UTF-16 units. */
const SHORTEST = 12

/** The canaries of one probe. */
export interface Canaries {
  /** Gives the value of a name, made when it is first asked for. */
  value(name: string): string
  /** The names of those that a text holds, in any form. */
  within(text: string): string[]
  /** Puts `***` in the place of every canary. */
  masked(text: string): string
  /** How many were asked for. */
  used(): number
}

/**
 * Makes the canaries of a probe; those that are given must be long enough never to turn up by chance.
 *
 * @throws TypeError INVALID_OPTION for a value that is no string of 12 characters or more.
 */
export function createCanaries(given: Readonly<Record<string, string>>): Canaries {
  const redactors = new Map<string, { value: string; redactor: Redactor }>()
  const all = createRedactor()
  const asked = new Set<string>()
  const add = (name: string, value: unknown): string => {
    if (typeof value !== 'string' || value.length < SHORTEST) {
      throw argumentError('INVALID_OPTION', `probeLeaks: a canary must be a string of at least ${SHORTEST} characters.`)
    }
    redactors.set(name, { value, redactor: createRedactor([value]) })
    all.add([value])
    return value
  }
  for (const [name, value] of Object.entries(given)) add(name, value)
  return {
    value(name) {
      asked.add(name)
      return redactors.get(name)?.value ?? add(name, made())
    },
    within: (text) => [...redactors].filter(([, { redactor }]) => redactor.redact(text) !== text).map(([name]) => name),
    masked: (text) => all.redact(text),
    used: () => asked.size,
  }
}

/** Letters alone would look the same in several forms. */
function made(): string {
  return `canary/${randomBytes(18).toString('base64')}+"é%`
}

/** A text found in a value, and the path to it. */
export interface Found {
  readonly path: string
  readonly text: string
}

/** How deep what shows itself in its own way is looked for; data is looked at at any depth. */
const SHOWN_DEPTH = 8
/** Objects looked at in one value; beyond them the value counts as not looked at. */
const MOST_OBJECTS = 100_000

/**
 * Gives every text that a value holds or shows: strings, keys, symbols and sources as deep as it goes, hidden properties,
 * prototypes of its own classes, bytes, and what `inspect`, JSON and `String` make of it. Getters of the value do run,
 * as whoever logs it runs them.
 *
 * @throws Error if the value is too large to be looked at.
 */
export function textsOf(value: unknown): Found[] {
  const texts: Found[] = []
  const seen = new Set<unknown>()
  const waiting: { path: string; part: unknown }[] = [{ path: '', part: value }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, part } = next
    if (typeof part !== 'object' && typeof part !== 'function') {
      texts.push({ path, text: typeof part === 'string' ? part : inspect(part) })
      continue
    }
    if (part === null || seen.has(part) || isBuiltIn(part)) continue
    if (seen.size >= MOST_OBJECTS) throw new Error('too large')
    seen.add(part)
    const add = (key: string, found: unknown): void => {
      waiting.push({ path: path === '' ? key : `${path}.${key}`, part: found })
    }
    if (typeof part === 'function') texts.push({ path, text: Function.prototype.toString.call(part) })
    if (types.isMap(part))
      [...part].forEach((entry, index) => {
        add(`entry ${index}`, entry)
      })
    if (types.isSet(part))
      [...part].forEach((entry, index) => {
        add(`entry ${index}`, entry)
      })
    if (ArrayBuffer.isView(part)) {
      texts.push({ path, text: Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString() })
      continue
    }
    if (types.isAnyArrayBuffer(part)) {
      texts.push({ path, text: Buffer.from(part).toString() })
      continue
    }
    for (const key of types.isProxy(part) ? [] : Reflect.ownKeys(part)) {
      texts.push({ path: `${path} (a key)`, text: String(key) })
      add(String(key), readOf(part, key))
    }
    // What a proxy hides is shown by inspect below.
    if (!types.isProxy(part)) add('[prototype]', Object.getPrototypeOf(part))
  }
  for (const [path, show] of SHOWN) texts.push({ path, text: show(value) })
  return texts
}

/** A value of the language's own, such as `Object.prototype`, holds nothing of anybody's. */
const BUILT_IN: ReadonlySet<unknown> = new Set([
  ...[Object, Function, Array, Error, Map, Set, Promise, Date, RegExp, Uint8Array, Buffer, URL, Symbol].flatMap(
    (builtIn): unknown[] => [builtIn, builtIn.prototype],
  ),
  globalThis,
  process,
  process.env,
])

function isBuiltIn(part: unknown): boolean {
  return BUILT_IN.has(part)
}

function readOf(holder: object, key: string | symbol): unknown {
  try {
    return (holder as Record<string | symbol, unknown>)[key]
  } catch (error) {
    // What a getter throws is shown to whoever reads it.
    return error
  }
}

const SHOWN: readonly (readonly [string, (value: unknown) => string])[] = [
  ['as inspect shows it', (value) => inspect(value)],
  [
    'as inspect shows it with every option',
    (value) =>
      attempt(() => inspect(value, { depth: SHOWN_DEPTH, showHidden: true, getters: true, showProxy: true, ...WHOLE })),
  ],
  [
    'as inspect shows it without its own way',
    (value) => attempt(() => inspect(value, { customInspect: false, ...WHOLE })),
  ],
  ['as JSON', (value) => attempt(() => JSON.stringify(value))],
  ['as a string', (value) => attempt(() => String(value))],
]
const WHOLE = { maxArrayLength: Infinity, maxStringLength: Infinity, breakLength: Infinity }

/** Not everything can be shown in every way; what it says of that is shown as well. */
function attempt(show: () => string | undefined): string {
  try {
    return show() ?? ''
  } catch (error) {
    return String(error)
  }
}
