/** Reads a template: one walk over the tree, without recursion, that copies it and finds what is to be filled in. */
import { enter, isUnsupported, meet, refuse, unwrap } from './container.ts'
import type { Frame } from './frame.ts'
import { isFull } from './issue.ts'
import type { FilledSite, Plan } from './plan.ts'
import { scanText } from './scan.ts'
import type { Settings } from './settings.ts'

/** Which parts of a reading are wanted. */
export interface Wanted {
  /** Places of references and of foreign tags. */
  readonly notes?: boolean
  /** Beside them, every tag with its text. */
  readonly marks?: boolean
  /** What is needed to fill the plan in more than once. */
  readonly structure?: boolean
  /** The whole of it is data. */
  readonly raw?: boolean
  /** Parts that `literal` made stay as they are. */
  readonly literals?: boolean
}

const NOTHING: Wanted = {}

/** Reads a template. It is not looked at again: what changes in it later has no effect. */
export function readTemplate(
  json: unknown,
  namespaces: readonly string[],
  settings: Settings,
  wanted: Wanted = NOTHING,
): Plan {
  const plan: Plan = {
    settings,
    namespaces,
    max: settings.maxIssues,
    issues: [],
    root: json,
    top: null,
    sites: null,
    paths: null,
    wholes: null,
    slots: null,
    keyed: null,
    seen: null,
    seenRaw: null,
    keepLiterals: wants(wanted, 'literals'),
    notes: wants(wanted, 'notes') ? { references: [], foreign: [], marks: wants(wanted, 'marks') ? [] : null } : null,
    structure: wants(wanted, 'structure') ? { frames: [], parents: [], keys: [], children: [] } : null,
  }
  readRoot(plan, wants(wanted, 'raw') || settings.exclude?.excluded === true)
  // Only the walk needs them, and they hold the whole template.
  plan.seen = plan.seenRaw = null
  return plan
}

/** Own properties only: what a polluted prototype asks for is not wanted. */
function wants(wanted: Wanted, what: keyof Wanted): boolean {
  return wanted !== NOTHING && Object.hasOwn(wanted, what) && wanted[what] === true
}

function readRoot(plan: Plan, isData: boolean): void {
  if (typeof plan.root === 'string') {
    const at = isData ? -1 : plan.root.indexOf('{{')
    if (at !== -1) readText(plan, null, '', false, plan.root, at)
    return
  }
  const value = unwrap(plan, plan.root)
  const raw = isData || value !== plan.root
  plan.root = value
  if (typeof value === 'object' && value !== null) {
    const top = enter(plan, value, null, '', raw, raw ? undefined : plan.settings.exclude)
    if (top === null) return
    plan.top = top
    descend(plan, top)
    plan.root = plan.settings.share && !top.changed ? top.source : top.copy
  } else if (isUnsupported(value)) {
    refuse(plan, 'UNSUPPORTED_VALUE', null, '')
  }
}

/** Walks the tree below a frame. */
function descend(plan: Plan, top: Frame): void {
  const { share } = plan.settings
  let frame: Frame | null = top
  while (frame !== null) {
    const child: Frame | null = frame.isList ? stepList(plan, frame) : stepObject(plan, frame)
    if (plan.issues.length !== 0 && isFull(plan)) return
    if (child !== null) {
      frame = child
      continue
    }
    frame.open = false
    const { parent }: Frame = frame
    if (parent !== null) {
      if (frame.changed) parent.changed = true
      else if (share) parent.slots[frame.key] = frame.source
    }
    frame = parent
  }
}

/** Looks at the members of an object up to the next container to enter; `null` at the end. */
function stepObject(plan: Plan, frame: Frame): Frame | null {
  const { slots, raw, exclusion } = frame
  const keys = frame.keys ?? []
  const length = keys.length
  for (let i = frame.next; i < length; i++) {
    const key = keys[i] ?? ''
    const value = slots[key]
    if (typeof value === 'string') {
      if (raw) continue
      const at = value.indexOf('{{')
      if (at !== -1 && exclusion?.children.get(key)?.excluded !== true) readText(plan, frame, key, false, value, at)
    } else if (typeof value === 'object') {
      if (value === null) continue
      const child = meet(plan, frame, key, value, exclusion === undefined ? undefined : exclusion.children.get(key))
      if (child !== null) {
        frame.next = i + 1
        return child
      }
    } else if (isUnsupported(value)) {
      refuse(plan, 'UNSUPPORTED_VALUE', frame, key)
    }
  }
  return null
}

/** The same for an array, and for an object whose keys hold tags. */
function stepList(plan: Plan, frame: Frame): Frame | null {
  const { raw, exclusion, keys } = frame
  const slots = frame.slots as unknown as readonly unknown[]
  const length = slots.length
  for (let i = frame.next; i < length; i++) {
    const name = keys?.[i]
    if (name !== undefined) {
      const at = name.indexOf('{{')
      if (at !== -1) readText(plan, frame, i, true, name, at)
    }
    const value = slots[i]
    const below = exclusion === undefined ? undefined : exclusion.children.get(name ?? String(i))
    if (typeof value === 'string') {
      if (raw) continue
      const at = value.indexOf('{{')
      if (at !== -1 && below?.excluded !== true) readText(plan, frame, i, false, value, at)
    } else if (typeof value === 'object') {
      if (value === null) continue
      const child = meet(plan, frame, i, value, below)
      if (child !== null) {
        frame.next = i + 1
        return child
      }
    } else if (isUnsupported(value)) {
      refuse(plan, 'UNSUPPORTED_VALUE', frame, i)
    }
  }
  return null
}

/** Reads one string with a `{{` in it. */
function readText(
  plan: Plan,
  frame: Frame | null,
  key: string | number,
  inKey: boolean,
  text: string,
  at: number,
): void {
  const site: FilledSite = { frame, key, inKey, whole: false, parts: NO_PARTS }
  const parts = scanText(plan, site, text, at)
  if (parts === undefined) return
  if (frame !== null) frame.changed = true
  const first = parts[0] ?? ''
  if (parts.length < 2 && typeof first === 'string' && !inKey) {
    // Only comments and literal braces: nothing is left to be filled in.
    if (frame === null) plan.root = first
    else frame.slots[key] = first
    return
  }
  site.parts = parts
  if (parts.length === 1 && typeof first !== 'string' && first.end - first.start === text.length) {
    site.whole = true
    if (!inKey && plan.paths?.[first.slot]?.isSecret === false) (plan.wholes ??= new Set()).add(first.slot)
  }
  if (plan.sites === null) plan.sites = [site]
  else plan.sites.push(site)
}

const NO_PARTS: FilledSite['parts'] = []
