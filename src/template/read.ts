/** Reads a template: one walk over the tree, iterative, that copies it and finds what is to be filled in. */
import { isLiteral } from './literal.ts'
import type { Exclusion } from './exclusion.ts'
import type { Frame, Slots } from './frame.ts'
import { isFull, report, type Site } from './issue.ts'
import { withoutComments } from './lines.ts'
import type { FilledSite, Plan, TagUse } from './plan.ts'
import { COMMENT, type Piece, scanText } from './scan.ts'
import type { Settings } from './settings.ts'

/** More distinct references than this are looked up in a map. */
const FEW = 8

/** Which parts of a reading are wanted. */
export interface Wanted {
  /** Places of references and of foreign tags. */
  readonly notes?: boolean
  /** What is needed to fill the plan in more than once. */
  readonly structure?: boolean
  /** The whole of it is data. */
  readonly raw?: boolean
  /** Parts that {@link literal} made stay as they are. */
  readonly literals?: boolean
}

interface Walk {
  readonly plan: Plan
  readonly settings: Settings
  readonly keepLiterals: boolean
  /** The frames of the containers met so far; those met as data are kept apart. */
  seen: Map<object, Frame> | null
  seenRaw: Map<object, Frame> | null
  slots: Map<string, number> | null
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
    findings: { max: settings.maxIssues, issues: [] },
    root: json,
    top: null,
    sites: [],
    paths: [],
    wholes: [],
    keyed: [],
    notes: wanted.notes === true ? { references: [], foreign: [], marks: [] } : null,
    structure: wanted.structure === true ? { frames: [], parents: [], keys: [], children: [] } : null,
  }
  const walk: Walk = { plan, settings, keepLiterals: wanted.literals === true, seen: null, seenRaw: null, slots: null }
  readRoot(walk, json, wanted.raw === true)
  return plan
}

function readRoot(walk: Walk, json: unknown, raw: boolean): void {
  const { plan } = walk
  if (walk.keepLiterals && typeof json === 'object' && json !== null && isLiteral(json)) return
  let value = json
  let isRaw = raw || walk.settings.exclude?.excluded === true
  while (typeof value === 'object' && value !== null && isLiteral(value)) {
    value = value.value
    isRaw = true
  }
  plan.root = value
  if (typeof value === 'string') {
    const at = isRaw ? -1 : value.indexOf('{{')
    if (at !== -1) readText(walk, null, '', false, value, at)
  } else if (typeof value === 'object' && value !== null) {
    const top = enter(walk, value, null, '', isRaw, isRaw ? undefined : walk.settings.exclude)
    if (top === null) return
    plan.top = top
    descend(walk, top)
    plan.root = walk.settings.share && !top.changed ? top.source : top.copy
  } else if (isUnsupported(value)) {
    refuse(walk, 'UNSUPPORTED_VALUE', null, '')
  }
}

/** Walks the tree below a frame. No recursion: a template may be nested as deep as memory allows. */
function descend(walk: Walk, top: Frame): void {
  const { settings, plan } = walk
  let frame: Frame | null = top
  while (frame !== null) {
    const child: Frame | null = frame.keys === null || frame.keyed ? stepList(walk, frame) : stepObject(walk, frame)
    if (isFull(plan.findings)) return
    if (child !== null) {
      frame = child
      continue
    }
    frame.open = false
    const { parent }: Frame = frame
    if (parent !== null) {
      if (frame.changed) parent.changed = true
      if (settings.share && !frame.changed) parent.slots[frame.key] = frame.source
    }
    frame = parent
  }
}

/** Looks at the members of an object up to the next container to enter; `null` at the end. */
function stepObject(walk: Walk, frame: Frame): Frame | null {
  const { slots, raw, exclusion } = frame
  const keys = frame.keys ?? []
  const length = keys.length
  for (let i = frame.next; i < length; i++) {
    const key = keys[i] ?? ''
    const value = slots[key]
    if (typeof value === 'string') {
      if (raw) continue
      const at = value.indexOf('{{')
      if (at !== -1) readMember(walk, frame, key, value, at)
    } else if (typeof value === 'object') {
      if (value === null) continue
      const child = meet(walk, frame, key, value, exclusion === undefined ? undefined : exclusion.children.get(key))
      if (child !== null) {
        frame.next = i + 1
        return child
      }
    } else if (isUnsupported(value)) {
      refuse(walk, 'UNSUPPORTED_VALUE', frame, key)
    }
  }
  frame.next = length
  return null
}

/** The same for an array, and for an object whose keys hold tags. */
function stepList(walk: Walk, frame: Frame): Frame | null {
  const { raw, exclusion, keys } = frame
  const slots = frame.slots as unknown as unknown[]
  const length = slots.length
  for (let i = frame.next; i < length; i++) {
    if (keys !== null) readKey(walk, frame, i, keys[i] ?? '')
    const value = slots[i]
    if (typeof value === 'string') {
      if (raw) continue
      const at = value.indexOf('{{')
      if (at !== -1) readMember(walk, frame, i, value, at)
    } else if (typeof value === 'object') {
      if (value === null) continue
      const child = meet(walk, frame, i, value, exclusion?.children.get(keys?.[i] ?? String(i)))
      if (child !== null) {
        frame.next = i + 1
        return child
      }
    } else if (isUnsupported(value)) {
      refuse(walk, 'UNSUPPORTED_VALUE', frame, i)
    }
  }
  frame.next = length
  return null
}

function readMember(walk: Walk, frame: Frame, key: string | number, text: string, at: number): void {
  if (frame.exclusion?.children.get(String(frame.keyed ? frame.keys?.[Number(key)] : key))?.excluded === true) return
  readText(walk, frame, key, false, text, at)
}

function readKey(walk: Walk, frame: Frame, index: number, key: string): void {
  const at = key.indexOf('{{')
  if (at !== -1) readText(walk, frame, index, true, key, at)
}

/** Reads one string with a `{{` in it. */
function readText(
  walk: Walk,
  frame: Frame | null,
  key: string | number,
  inKey: boolean,
  text: string,
  at: number,
): void {
  const site: Site = { frame, key, inKey }
  const found = scanText(walk.plan, site, text, at)
  if (found === undefined) return
  if (frame !== null) frame.changed = true
  const pieces = found.includes(COMMENT) ? withoutComments(found) : found
  const parts = joinPieces(walk, pieces)
  const [first = ''] = parts
  const whole = parts.length === 1 && typeof first !== 'string' && first.end - first.start === text.length
  if (whole && !inKey) walk.plan.wholes[first.slot] = true
  if (parts.length > 1 || typeof first !== 'string' || inKey) {
    const filled: FilledSite = { frame, key, inKey, whole, parts }
    walk.plan.sites.push(filled)
  } else if (frame === null) walk.plan.root = first
  else frame.slots[key] = first
}

/** Joins texts that stand beside each other, and numbers the references. */
function joinPieces(walk: Walk, pieces: readonly Piece[]): (string | TagUse)[] {
  const parts: (string | TagUse)[] = []
  let text = ''
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece
    else if (piece === COMMENT) continue
    else if ('literal' in piece) text += piece.literal
    else {
      if (text !== '') parts.push(text)
      text = ''
      parts.push({ slot: slotOf(walk, piece.path), start: piece.start, end: piece.end })
    }
  }
  if (text !== '') parts.push(text)
  return parts
}

function slotOf(walk: Walk, path: Plan['paths'][number]): number {
  const { paths, wholes } = walk.plan
  if (walk.slots === null) {
    for (let slot = 0; slot < paths.length; slot++) if (paths[slot]?.text === path.text) return slot
  } else {
    const known = walk.slots.get(path.text)
    if (known !== undefined) return known
  }
  const slot = paths.push(path) - 1
  wholes.push(false)
  if (walk.slots !== null) walk.slots.set(path.text, slot)
  else if (paths.length > FEW) walk.slots = new Map(paths.map((item, index) => [item.text, index]))
  return slot
}

/** Meets a container that is a member. Returns its frame if it is to be entered. */
function meet(
  walk: Walk,
  frame: Frame,
  key: string | number,
  member: object,
  exclusion: Exclusion | undefined,
): Frame | null {
  if (walk.keepLiterals && isLiteral(member)) return null
  let value: unknown = member
  let raw = frame.raw || exclusion?.excluded === true
  while (typeof value === 'object' && value !== null && isLiteral(value)) {
    value = value.value
    raw = frame.changed = true
    frame.slots[key] = value
  }
  if (typeof value !== 'object' || value === null) {
    if (isUnsupported(value)) refuse(walk, 'UNSUPPORTED_VALUE', frame, key)
    return null
  }
  const seen = raw ? walk.seenRaw : walk.seen
  // What has exclusions below it is read by itself: the same container elsewhere has none.
  const known = exclusion === undefined || raw ? seen?.get(value) : undefined
  if (known === undefined) return enter(walk, value, frame, key, raw, raw ? undefined : exclusion)
  if (known.open) {
    refuse(walk, 'CYCLE', frame, key)
    return null
  }
  if (known.changed) frame.changed = true
  frame.slots[key] = walk.settings.share && !known.changed ? known.source : known.copy
  link(walk, frame, key, known)
  return null
}

/** Opens a container: copies it, so that it is read at one moment only. `null`: it is not JSON. */
function enter(
  walk: Walk,
  source: object,
  parent: Frame | null,
  key: string | number,
  raw: boolean,
  exclusion: Exclusion | undefined,
): Frame | null {
  const { plan, settings } = walk
  const isArray = Array.isArray(source)
  if (!isArray && !isPlain(source)) {
    if (!settings.keepOpaque) refuse(walk, 'UNSUPPORTED_VALUE', parent, key)
    return null
  }
  const depth = parent === null ? 1 : parent.depth + 1
  if (depth > settings.maxDepth) {
    refuse(walk, 'TOO_DEEP', parent, key)
    return null
  }
  // Spreading makes own data properties: a setter on Object.prototype is not called, `__proto__` is a key like any other.
  let copy: object = isArray ? [...(source as unknown[])] : { ...source }
  let slots = copy as Slots
  const keys = isArray ? null : Object.keys(copy)
  const keyed = keys !== null && !raw && holdsTag(keys)
  if (keyed) {
    slots = keys.map((name) => slots[name]) as unknown as Slots
    copy = {}
  }
  const index = plan.structure?.frames.length ?? 0
  const frame: Frame = {
    source,
    copy,
    slots,
    keys,
    keyed,
    raw,
    exclusion,
    parent,
    key,
    depth,
    index,
    next: 0,
    open: true,
    changed: keyed,
  }
  plan.structure?.frames.push(frame)
  if (keyed) plan.keyed.push(frame)
  if (exclusion === undefined) {
    if (raw) (walk.seenRaw ??= new Map()).set(source, frame)
    else (walk.seen ??= new Map()).set(source, frame)
  }
  if (parent !== null) {
    parent.slots[key] = copy
    link(walk, parent, key, frame)
  }
  return frame
}

function link(walk: Walk, parent: Frame, key: string | number, child: Frame): void {
  const { structure } = walk.plan
  if (structure === null) return
  structure.parents.push(parent.index)
  structure.keys.push(key)
  structure.children.push(child.index)
}

function holdsTag(keys: readonly string[]): boolean {
  for (const key of keys) if (key.indexOf('{{') !== -1) return true
  return false
}

function refuse(
  walk: Walk,
  code: 'UNSUPPORTED_VALUE' | 'CYCLE' | 'TOO_DEEP',
  frame: Frame | null,
  key: string | number,
): void {
  if (code === 'UNSUPPORTED_VALUE' && walk.settings.keepOpaque) return
  report(walk.plan.findings, code, { frame, key, inKey: false }, 0, 0)
}

function isUnsupported(value: unknown): boolean {
  return typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint'
}

/** Tells plain objects, of any realm, from instances of classes. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
}
