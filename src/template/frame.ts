/** The containers of a template, as the walk meets them. */
import type { Exclusion } from './exclusion.ts'

/** What a container's members are kept in while it is worked on. */
export type Slots = Record<string | number, unknown>

/** One container of the template: its copy, and where it stands. */
export interface Frame {
  /** The container in the template. */
  readonly source: object
  /** The container in the result. */
  readonly copy: object
  /** Where the members are: `copy` itself or, if keys hold tags, an array in the order of `keys`. */
  readonly slots: Slots
  /** The object's keys; `null` for an array. */
  readonly keys: readonly string[] | null
  /** True if `slots` is an array. */
  readonly isList: boolean
  /** True if keys hold tags: the members are put into `copy` when the keys are filled in. */
  readonly keyed: boolean
  /** True if what stands in it is data. */
  readonly raw: boolean
  readonly exclusion: Exclusion | undefined
  readonly parent: Frame | null
  /** Its place in `parent.slots`. */
  readonly key: string | number
  readonly depth: number
  /** Its number in the plan's list of frames; -1 if there is none. */
  index: number
  /** The next member to look at. */
  next: number
  /** True until all of its members were looked at. */
  open: boolean
  /** True if it differs from its source. */
  changed: boolean
}

/** Tells the authored key of a place in a frame's slots. */
export function authoredKey(frame: Frame, key: string | number): string {
  return frame.keyed ? (frame.keys?.[Number(key)] ?? '') : String(key)
}

/** Makes the JSON pointer (RFC 6901) of a place. */
export function pointerOf(frame: Frame | null, key: string | number): string {
  const tokens: string[] = []
  for (let at = frame, name = key; at !== null; name = at.key, at = at.parent) {
    tokens.push(authoredKey(at, name).replaceAll('~', '~0').replaceAll('/', '~1'), '/')
  }
  return tokens.reverse().join('')
}
