/** Finds the frame of a container that was met before. */
import type { Frame } from './frame.ts'

/** A map of this many entries still lies in the young generation; a larger one costs ten times more for each. */
const PART_SIZE = 4096
/** Beyond this many parts, looking through them costs more than one large map. */
const MAX_PARTS = 16

/** Frames by their source: parts that are full, and one that grows. */
export interface Seen {
  readonly full: Map<object, Frame>[]
  growing: Map<object, Frame>
}

/** Makes an empty one. */
export function makeSeen(): Seen {
  return { full: [], growing: new Map() }
}

/** The frame of a container, if it was met before. */
export function findFrame(seen: Seen, source: object): Frame | undefined {
  for (const part of seen.full) {
    const frame = part.get(source)
    if (frame !== undefined) return frame
  }
  return seen.growing.get(source)
}

/** Remembers a container that was not met before. */
export function addFrame(seen: Seen, frame: Frame): void {
  if (seen.growing.size >= PART_SIZE && seen.full.length < MAX_PARTS) {
    seen.full.push(seen.growing)
    seen.growing = new Map()
  }
  seen.growing.set(frame.source, frame)
}
