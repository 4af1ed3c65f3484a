/** Rewrites templates of older spelling. */
import { argumentError, type TemplateErrorCode, type TemplateIssue } from '../errors.ts'
import { isSecretName, quoteName, type SecretInfo } from '../secret.ts'
import type { MaybePromise } from '../store.ts'
import { defineMembers } from './fill.ts'
import { type Frame, pointerOf } from './frame.ts'
import { report } from './issue.ts'
import { SECRETS } from './path.ts'
import type { Mark, Plan } from './plan.ts'
import { readTemplate } from './read.ts'
import { DEFAULTS, type Settings } from './settings.ts'
import type { TagPlace } from './types.ts'

/** The options of {@link migrateTemplate}. */
export interface MigrateOptions {
  /** Tells a secret's keys, as a store's `describe` does. `undefined`: there is no such secret. */
  readonly describe: (name: string) => MaybePromise<Pick<SecretInfo, 'keys'> | undefined>
  /** How tags are to be written: `{{ x }}` or `${{ x }}`. Default: `mustache`. */
  readonly to?: 'mustache' | 'dollar' | undefined
}

/** One tag that was rewritten. Its place is that in the template as it was. */
export interface TemplateChange extends TagPlace {
  readonly before: string
  readonly after: string
}

/** A rewritten template. */
export interface TemplateMigration<T> {
  /** The template, rewritten: a copy. */
  readonly json: T
  /** Every tag that was rewritten, in document order. */
  readonly changes: readonly TemplateChange[]
  /** What was left as it is, because it is malformed or its key is not certain. */
  readonly issues: readonly TemplateIssue[]
}

type Spelling = 'mustache' | 'dollar'

const SETTINGS: Settings = { ...DEFAULTS, syntax: 'both', keepForeign: true, keepOpaque: true, maxIssues: Infinity }

/**
 * Rewrites flat references, `{{ SECRETS.name }}`, to name their key, and every tag to one spelling: `{{ x }}` or `${{ x }}`.
 *
 * Both spellings are read as tags. Tags of other namespaces, and what {@link literal} made, stay as they are.
 *
 * @returns the rewritten template, the changes made, and the issues of what was left as it is: first what is malformed,
 * then flat references whose key is not certain.
 * @throws TypeError for a wrong option; whatever `describe` fails with.
 * @example
 * ```ts
 * const { json } = await migrateTemplate('${{ SECRETS.my_datadog_secret }}', { describe: (name) => store.describe(name) })
 * // '{{ SECRETS.my_datadog_secret.DATADOG_API_KEY }}'
 * ```
 */
export async function migrateTemplate<T>(json: T, options: MigrateOptions): Promise<TemplateMigration<T>> {
  const { describe, to } = readOptions(options)
  const plan = readTemplate(json, [SECRETS], SETTINGS, { notes: true, marks: true, literals: true })
  const marks = plan.notes?.marks ?? []
  const secrets = new Set(marks.flatMap((mark) => flatName(mark) ?? []))
  const keys = new Map(
    await Promise.all(Array.from(secrets, async (name): Promise<[string, Key]> => [name, await keyOf(name, describe)])),
  )
  const changes: TemplateChange[] = []
  const names = new Map((plan.keyed ?? []).map((frame) => [frame, [...(frame.keys ?? [])]]))
  for (const own of bySite(marks)) rewrite({ plan, keys, to, changes, names }, own)
  for (const [frame, own] of names) defineMembers(frame, own, null)
  return { json: plan.root as T, changes, issues: plan.issues }
}

interface Rewriting {
  readonly plan: Plan
  readonly keys: ReadonlyMap<string, Key>
  readonly to: Spelling
  readonly changes: TemplateChange[]
  /** The keys of objects whose keys hold tags. */
  readonly names: ReadonlyMap<Frame, string[]>
}

/** A secret's only key, or why there is none. */
type Key = { readonly key: string } | { readonly fault: TemplateErrorCode }

async function keyOf(name: string, describe: MigrateOptions['describe']): Promise<Key> {
  const info = isSecretName(name) ? await describe(name) : undefined
  if (info === undefined) return { fault: 'SECRET_NOT_FOUND' }
  const [key, ...others] = info.keys
  if (key === undefined) return { fault: 'KEY_NOT_FOUND' }
  return others.length === 0 ? { key } : { fault: 'FLAT_AMBIGUOUS' }
}

/** The secret that a flat reference names. */
function flatName({ reference = '' }: Mark): string | undefined {
  const [, name, key] = reference.split('.')
  return key === undefined ? name : undefined
}

/** Groups the marks of each string. */
function bySite(marks: readonly Mark[]): Mark[][] {
  const groups: Mark[][] = []
  for (const mark of marks) {
    const last = groups.at(-1)
    if (last?.[0]?.site === mark.site) last.push(mark)
    else groups.push([mark])
  }
  return groups
}

/** Rewrites the tags of one string. */
function rewrite(rewriting: Rewriting, marks: readonly Mark[]): void {
  const [first] = marks
  if (first === undefined) return
  const { site, text } = first
  const { plan, names, changes } = rewriting
  const edits = marks.flatMap((mark) => editOf(rewriting, mark) ?? [])
  let result = ''
  let copied = 0
  for (const { start, end, after } of edits) {
    result += text.slice(copied, start) + after
    copied = end
  }
  result += text.slice(copied)
  if (site.frame === null) plan.root = result
  else if (!site.inKey) site.frame.slots[site.key] = result
  else {
    const keys = names.get(site.frame) ?? []
    if (result !== text && keys.includes(result)) {
      report(plan, 'KEY_COLLISION', site, 0, text.length)
      return
    }
    keys[Number(site.key)] = result
  }
  changes.push(...edits)
}

/** How one tag is rewritten; `undefined`: it stays as it is. */
function editOf({ plan, keys, to }: Rewriting, mark: Mark): TemplateChange | undefined {
  const { site, text, end, reference = '' } = mark
  let { start } = mark
  let before = text.slice(start, end)
  let after = before
  const secret = flatName(mark)
  const key = secret === undefined ? undefined : keys.get(secret)
  if (key !== undefined) {
    if ('fault' in key) report(plan, key.fault, site, start, end, { reference })
    else after = before.replace(reference, () => `${reference}.${key.key}`)
  }
  if (to === 'dollar' && !after.startsWith('$')) after = `$${after}`
  else if (to === 'mustache' && after.startsWith('$')) {
    after = after.slice(1)
    if (text[start - 1] === '$') {
      // This sign is text, and would now be read as part of the tag.
      start--
      before = `$${before}`
      after = `{{ '$' }}${after}`
    }
  }
  if (after === before) return undefined
  return {
    pointer: pointerOf(site.frame, site.key),
    ...(site.inKey ? { inKey: true } : {}),
    start,
    end,
    before,
    after,
  }
}

function readOptions(options: unknown): { describe: MigrateOptions['describe']; to: Spelling } {
  if (typeof options !== 'object' || options === null) {
    throw argumentError('INVALID_OPTION', 'migrateTemplate needs { describe }.')
  }
  for (const name of Object.keys(options)) {
    if (name === 'describe' || name === 'to') continue
    throw argumentError('UNKNOWN_OPTION', `migrateTemplate has no option ${quoteName(name)}; it has describe, to.`)
  }
  const own = { describe: undefined, to: undefined, ...options } as { describe: unknown; to: unknown }
  const { describe, to = 'mustache' } = own
  if (typeof describe !== 'function') throw argumentError('INVALID_OPTION', 'describe must be a function.')
  if (to !== 'mustache' && to !== 'dollar')
    throw argumentError('INVALID_OPTION', 'to must be one of: mustache, dollar.')
  return { describe: describe as MigrateOptions['describe'], to }
}
