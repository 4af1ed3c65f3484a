/** The grammar of a reference, read by mustache: `NS(.SEG)*`. */
import Mustache from 'mustache'

/** A well-formed reference, e.g. `SECRETS.my_github_secret.GH_ACCESS_TOKEN`. */
export interface Path {
  /** The reference as it is written, without blanks around it. */
  readonly text: string
  readonly namespace: string
  readonly segments: readonly string[]
  readonly isSecret: boolean
}

/** The namespace that holds secrets; every other one holds plain data. */
export const SECRETS = 'SECRETS'

const NAMESPACE = /^[A-Za-z_]\w*$/
const REFERENCE = /^[A-Za-z_]\w*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,254})*$/
const MAX_CACHED_LENGTH = 512
/** A power of two: see {@link placeOf}. */
const CACHE_SIZE = 1024
const TAGS = ['{{', '}}'] as const

// A writer of our own: the shared one has a global cache, and reads global tags that anybody may have changed.
const writer: { templateCache?: unknown } & Pick<InstanceType<typeof Mustache.Writer>, 'parse'> = new Mustache.Writer()
writer.templateCache = undefined

/** References by a hash of their text. What falls on the place of another takes it: the cache cannot grow. */
const cache = new Array<Path | null>(CACHE_SIZE).fill(null)

/** Tells whether something can be a namespace: a letter or `_`, then letters, digits and `_`. */
export function isNamespace(name: string): boolean {
  return NAMESPACE.test(name)
}

/** Reads `text` from `start` to `end`, without blanks around it. `undefined`: it is no reference. */
export function readPath(text: string, start: number, end: number): Path | undefined {
  return cachedPath(text, start, end) ?? parsePath(text.slice(start, end))
}

/** The same for references that were read before. Compares in place, because a slice would have to be hashed. */
export function cachedPath(text: string, start: number, end: number): Path | undefined {
  const path = cache[placeOf(text, start, end)]
  return path !== null && path !== undefined && path.text.length === end - start && text.startsWith(path.text, start)
    ? path
    : undefined
}

/** A hash of the length and of five characters: more would cost more than the few texts that share a place. */
function placeOf(text: string, start: number, end: number): number {
  const length = end - start
  let hash = length
  for (let quarter = 1; quarter < 4; quarter++) {
    hash = Math.imul(hash, 31) + text.charCodeAt(start + ((length * quarter) >> 2))
  }
  hash = Math.imul(hash, 31) + text.charCodeAt(end - 2)
  hash = Math.imul(hash, 31) + text.charCodeAt(end - 1)
  return (hash ^ (hash >>> 10)) & (CACHE_SIZE - 1)
}

function parsePath(body: string): Path | undefined {
  // The grammar first: it is linear, where mustache is quadratic on blanks.
  if (!REFERENCE.test(body)) return undefined
  // A copy: a slice would keep the whole template in memory for as long as the cache keeps the slice.
  const text = Buffer.from(body, 'latin1').toString('latin1')
  const tokens: unknown = writer.parse(`{{${text}}}`, [...TAGS])
  if (!Array.isArray(tokens) || tokens.length !== 1) return undefined
  const token: unknown = tokens[0]
  if (!Array.isArray(token) || token[0] !== 'name' || token[1] !== text) return undefined
  const [namespace = '', ...segments] = text.split('.')
  const path: Path = { text, namespace, segments, isSecret: namespace === SECRETS }
  if (text.length <= MAX_CACHED_LENGTH) cache[placeOf(text, 0, text.length)] = path
  return path
}
