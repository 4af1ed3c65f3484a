/** Finds the user's module that called into the library. */
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * The folder whose frames are the library's own: the built package is flat, so it is where this code stands. A bundle of
 * CommonJS has no such URL.
 */
const OWN_FOLDER = URL.canParse('.', import.meta.url) ? new URL('.', import.meta.url).href : undefined

/** A place in a module. */
export interface CallSite {
  /** The module's URL. */
  readonly url: string
  /**
   * The URL, `#`, and the positions by which the module's own code came there, outermost first: one line of a function that
   * two others call is two places. Padded, so that places of one module sort as they stand in it.
   */
  readonly place: string
}

/**
 * Finds the first frame outside the library's own folder.
 *
 * @returns `undefined` where there is none, or where that frame stands in no file.
 */
export function captureCallSite(): CallSite | undefined {
  const before = { stackTraceLimit: Error.stackTraceLimit, prepareStackTrace: Error.prepareStackTrace }
  let frames: unknown
  try {
    setOnError({ stackTraceLimit: 30, prepareStackTrace: (_error: Error, sites: NodeJS.CallSite[]) => sites })
    frames = new Error().stack
  } finally {
    setOnError(before)
  }
  // Where Error is frozen, or prepareStackTrace ignored, it is text, from which no frame can be had for certain.
  if (!Array.isArray(frames)) return undefined
  const users = (frames as NodeJS.CallSite[]).filter(isUsers)
  const file = users[0]?.getFileName()
  const url = file ? fileUrl(file) : undefined
  if (url === undefined) return undefined
  const positions = users.filter((frame) => frame.getFileName() === file).map(positionOf)
  return { url, place: `${url}#${positions.reverse().join(',')}` }
}

/** Sets properties of `Error`, unless it is frozen, as under `--frozen-intrinsics`. */
function setOnError(values: object): void {
  for (const [name, value] of Object.entries(values)) Reflect.set(Error, name, value)
}

/** Frames of the engine and of Node (Array.map, an import) stand between the user's and ours. */
function isUsers(frame: NodeJS.CallSite): boolean {
  const file = frame.getFileName()
  if (!file || file.startsWith('node:')) return false
  return OWN_FOLDER === undefined || fileUrl(file)?.startsWith(OWN_FOLDER) !== true
}

function positionOf(frame: NodeJS.CallSite): string {
  return [frame.getLineNumber(), frame.getColumnNumber()].map((at) => String(at ?? 0).padStart(8, '0')).join(':')
}

function fileUrl(file: string): string | undefined {
  if (file.startsWith('file:')) return file
  return isAbsolute(file) ? pathToFileURL(file).href : undefined
}
