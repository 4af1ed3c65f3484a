/** Puts values into a plan. */
import type { TemplateErrorCode, TemplateIssue } from '../errors.ts'
import { authoredKey, type Frame, type Slots } from './frame.ts'
import { type Findings, isFull, report, type Site, templateError } from './issue.ts'
import type { FilledSite, Plan, TagUse } from './plan.ts'
import type { Values } from './values.ts'

/** A copy of a plan's containers, by the numbers of their frames: for a plan that is filled in more than once. */
export interface Instance {
  readonly slots: readonly Slots[]
  readonly copies: readonly object[]
}

interface Filling extends Findings {
  readonly plan: Plan
  readonly values: Values
  /** How much may still be put out. */
  left: number
  /** The keys of the objects whose keys hold tags. */
  names: Map<Frame, KeyNames> | null
}

/**
 * Fills a plan in: its own snapshot, or an instance of it.
 *
 * @returns the result if the template is one string; otherwise the plan's root.
 * @throws TemplateError with every issue, in document order; nothing is returned in part.
 */
export function fill(plan: Plan, values: Values, instance: Instance | null): unknown {
  const filling = startFilling(plan, values)
  const root = fillSites(filling, instance)
  if (filling.issues.length !== 0) throw templateError(filling.issues)
  return root
}

/** The issues that filling a plan in gives. The plan's snapshot is of no use afterwards. */
export function fillIssues(plan: Plan, values: Values): readonly TemplateIssue[] {
  const filling = startFilling(plan, values)
  fillSites(filling, null)
  return filling.issues
}

function startFilling(plan: Plan, values: Values): Filling {
  const { maxIssues, maxOutput } = plan.settings
  return { plan, values, max: maxIssues, issues: [], left: maxOutput, names: null }
}

function fillSites(filling: Filling, instance: Instance | null): unknown {
  const { sites, keyed } = filling.plan
  let { root } = filling.plan
  if (keyed !== null) filling.names = keyNames(keyed, sites ?? NO_SITES)
  for (const site of sites ?? NO_SITES) {
    const { frame, key } = site
    const value = site.whole && !site.inKey ? wholeValue(filling, site) : joinedText(filling, site)
    if (value === undefined) {
      if (isFull(filling)) return root
    } else if (frame === null) root = value
    else if (site.inKey) setKey(filling, site, frame, value as string)
    else if (instance === null) frame.slots[key] = value
    else (instance.slots[frame.index] ?? frame.slots)[key] = value
  }
  if (filling.names !== null && filling.issues.length === 0) {
    for (const [frame, { keys }] of filling.names) defineMembers(frame, keys, instance)
  }
  return root
}

const NO_SITES: readonly FilledSite[] = []

/** The value of a string that is one reference. */
function wholeValue(filling: Filling, site: FilledSite): unknown {
  const [use] = site.parts
  if (use === undefined || typeof use === 'string') return undefined
  const { values, faults } = filling.values
  const fault = faults === null ? undefined : faults[use.slot]
  if (fault !== undefined) return refuse(filling, site, use, fault)
  const value = values[use.slot]
  if ((typeof value === 'bigint' || typeof value === 'symbol') && !filling.plan.settings.keepOpaque) {
    return refuse(filling, site, use, 'UNSUPPORTED_VALUE')
  }
  if (typeof value === 'string' && (filling.left -= value.length) < 0) {
    return refuse(filling, site, use, 'OUTPUT_TOO_LARGE')
  }
  return value
}

/** The text of a string that holds references. Every one that cannot be filled in is reported. */
function joinedText(filling: Filling, site: FilledSite): string | undefined {
  let text: string | undefined = ''
  for (const part of site.parts) {
    const piece = typeof part === 'string' ? part : textOf(filling, site, part)
    if (piece === undefined || text === undefined) {
      text = undefined
    } else if ((filling.left -= piece.length) < 0) {
      const use = site.parts.find((item) => typeof item !== 'string')
      return refuse(filling, site, typeof part === 'string' ? use : part, 'OUTPUT_TOO_LARGE')
    } else text += piece
  }
  return text
}

function textOf(filling: Filling, site: FilledSite, use: TagUse): string | undefined {
  const { values, faults } = filling.values
  const fault = faults === null ? undefined : faults[use.slot]
  if (fault !== undefined) return refuse(filling, site, use, fault)
  const value = values[use.slot]
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value)
  return refuse(filling, site, use, 'NOT_SCALAR')
}

function refuse(filling: Filling, site: Site, use: TagUse | undefined, code: TemplateErrorCode): string | undefined {
  const { start, end, slot } = use ?? { start: 0, end: 0, slot: -1 }
  report(filling, code, site, start, end, { reference: filling.plan.paths?.[slot]?.text })
  return undefined
}

/** The keys of one object, as far as they are filled in. */
interface KeyNames {
  readonly keys: string[]
  /** Keys without references, and those filled in so far. */
  readonly taken: Set<string>
}

function keyNames(keyed: readonly Frame[], sites: readonly FilledSite[]): Map<Frame, KeyNames> {
  const names = new Map<Frame, KeyNames>()
  for (const frame of keyed) {
    const keys = [...(frame.keys ?? [])]
    names.set(frame, { keys, taken: new Set(keys) })
  }
  for (const { inKey, frame, key } of sites) {
    if (inKey && frame !== null) names.get(frame)?.taken.delete(authoredKey(frame, key))
  }
  return names
}

function setKey(filling: Filling, site: FilledSite, frame: Frame, name: string): void {
  const names = filling.names?.get(frame)
  if (names === undefined) return
  if (names.taken.has(name)) report(filling, 'KEY_COLLISION', site, 0, authoredKey(frame, site.key).length)
  names.taken.add(name)
  names.keys[Number(site.key)] = name
}

/** Gives an object its members, in the order of the template. */
export function defineMembers(frame: Frame, keys: readonly string[], instance: Instance | null): void {
  const copy = instance?.copies[frame.index] ?? frame.copy
  const slots = instance?.slots[frame.index] ?? frame.slots
  keys.forEach((key, index) => {
    // Without a prototype: the descriptor must not inherit a getter.
    const member = { __proto__: null, value: slots[index], enumerable: true, writable: true, configurable: true }
    Object.defineProperty(copy, key, member)
  })
}
