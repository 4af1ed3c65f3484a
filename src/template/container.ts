/** What the walk does where it meets a container. */
import type { TemplateErrorCode } from '../errors.ts'
import type { Exclusion } from './exclusion.ts'
import type { Frame, Slots } from './frame.ts'
import { report } from './issue.ts'
import { isLiteral } from './literal.ts'
import type { Plan } from './plan.ts'
import { addFrame, findFrame, makeSeen } from './seen.ts'

/** Meets a container that is a member. Returns its frame if it is to be entered. */
export function meet(
  plan: Plan,
  parent: Frame,
  key: string | number,
  member: object,
  exclusion: Exclusion | undefined,
): Frame | null {
  const value = unwrap(plan, member)
  let raw = parent.raw || exclusion?.excluded === true
  if (value !== member) {
    raw = parent.changed = true
    parent.slots[key] = value
    if (typeof value !== 'object' || value === null) {
      if (isUnsupported(value)) refuse(plan, 'UNSUPPORTED_VALUE', parent, key)
      return null
    }
    return meetAgain(plan, parent, key, value, raw, undefined)
  }
  return meetAgain(plan, parent, key, member, raw, raw ? undefined : exclusion)
}

function meetAgain(
  plan: Plan,
  parent: Frame,
  key: string | number,
  value: object,
  raw: boolean,
  exclusion: Exclusion | undefined,
): Frame | null {
  const seen = raw ? plan.seenRaw : plan.seen
  // What has exclusions below it is read by itself: the same container elsewhere has none.
  const known = exclusion === undefined && seen !== null ? findFrame(seen, value) : undefined
  if (known === undefined) return enter(plan, value, parent, key, raw, exclusion)
  if (known.open) {
    refuse(plan, 'CYCLE', parent, key)
    return null
  }
  if (known.changed) parent.changed = true
  parent.slots[key] = plan.settings.share && !known.changed ? known.source : known.copy
  link(plan, parent, key, known)
  return null
}

/** Opens a container: copies it, so that it is read at one moment only. `null`: it is not JSON. */
export function enter(
  plan: Plan,
  source: object,
  parent: Frame | null,
  key: string | number,
  raw: boolean,
  exclusion: Exclusion | undefined,
): Frame | null {
  const isArray = Array.isArray(source)
  if (!isArray && !isPlain(source)) {
    refuse(plan, 'UNSUPPORTED_VALUE', parent, key)
    return null
  }
  const depth = parent === null ? 1 : parent.depth + 1
  if (depth > plan.settings.maxDepth) {
    refuse(plan, 'TOO_DEEP', parent, key)
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
  const frame: Frame = {
    source,
    copy,
    slots,
    keys,
    isList: isArray || keyed,
    keyed,
    raw,
    exclusion,
    parent,
    key,
    depth,
    index: -1,
    next: 0,
    open: true,
    changed: keyed,
  }
  if (plan.structure !== null) frame.index = plan.structure.frames.push(frame) - 1
  if (keyed) (plan.keyed ??= []).push(frame)
  if (exclusion === undefined) remember(plan, frame)
  if (parent !== null) {
    parent.slots[key] = copy
    link(plan, parent, key, frame)
  }
  return frame
}

function remember(plan: Plan, frame: Frame): void {
  if (frame.raw) addFrame((plan.seenRaw ??= makeSeen()), frame)
  else addFrame((plan.seen ??= makeSeen()), frame)
}

function link(plan: Plan, parent: Frame, key: string | number, child: Frame): void {
  if (plan.structure === null) return
  plan.structure.parents.push(parent.index)
  plan.structure.keys.push(key)
  plan.structure.children.push(child.index)
}

function holdsTag(keys: readonly string[]): boolean {
  for (const key of keys) if (key.indexOf('{{') !== -1) return true
  return false
}

/** Adds an issue about a value that cannot be copied. */
export function refuse(plan: Plan, code: TemplateErrorCode, frame: Frame | null, key: string | number): void {
  if (code === 'UNSUPPORTED_VALUE' && plan.settings.keepOpaque) return
  report(plan, code, { frame, key, inKey: false }, 0, 0)
}

/** Tells scalars that are not JSON. */
export function isUnsupported(value: unknown): boolean {
  return typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint'
}

/** What `literal` was given, if the value was made by it. */
export function unwrap(plan: Plan, value: unknown): unknown {
  let inner = value
  while (typeof inner === 'object' && inner !== null && !plan.keepLiterals && isLiteral(inner)) inner = inner.value
  return inner
}

/** Tells plain objects, of any realm, from instances of classes. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
}
