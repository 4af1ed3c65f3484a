/** The grammar of a reference, read by mustache: `NS(.SEG)*`. */
import Mustache from 'mustache'

/** A well-formed reference, e.g. `SECRETS.my_github_secret.GH_ACCESS_TOKEN`. */
export interface Path {
  /** The reference as it is written, without blanks around it. */
  readonly text: string
  readonly namespace: string
  readonly segments: readonly string[]
}

/** The namespace that holds secrets; every other one holds plain data. */
export const SECRETS = 'SECRETS'

const NAMESPACE = /^[A-Za-z_]\w*$/
const REFERENCE = /^[A-Za-z_]\w*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,254})*$/
const MAX_CACHED = 1024
const MAX_CACHED_LENGTH = 512
const TAGS: [string, string] = ['{{', '}}']

// A writer of our own: the shared one has a global cache, and reads global tags that anybody may have changed.
const writer: { templateCache?: unknown } & Pick<InstanceType<typeof Mustache.Writer>, 'parse'> = new Mustache.Writer()
writer.templateCache = undefined

const cache = new Map<string, Path>()

/** Tells whether something can be a namespace: a letter or `_`, then letters, digits and `_`. */
export function isNamespace(name: string): boolean {
  return NAMESPACE.test(name)
}

/** Reads what stands inside a tag, without the blanks around it. `undefined`: it is no reference. */
export function readPath(body: string): Path | undefined {
  return cache.get(body) ?? parsePath(body)
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
  const path: Path = { text, namespace, segments }
  if (text.length <= MAX_CACHED_LENGTH) {
    if (cache.size >= MAX_CACHED) cache.clear()
    cache.set(text, path)
  }
  return path
}
