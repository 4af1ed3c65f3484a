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
  /** `url:line:column`. */
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
    Error.stackTraceLimit = 30
    Error.prepareStackTrace = (_error, sites) => sites
    frames = new Error().stack
  } finally {
    Object.assign(Error, before)
  }
  // A runtime that ignores prepareStackTrace gives text, from which no frame can be had for certain.
  if (!Array.isArray(frames)) return undefined
  for (const frame of frames as NodeJS.CallSite[]) {
    const file = frame.getFileName()
    // Frames of the engine and of Node (Array.map, an import) stand between the user's and ours.
    if (!file || file.startsWith('node:')) continue
    const url = fileUrl(file)
    if (OWN_FOLDER !== undefined && url?.startsWith(OWN_FOLDER)) continue
    if (url === undefined) return undefined
    return { url, place: `${url}:${frame.getLineNumber() ?? 0}:${frame.getColumnNumber() ?? 0}` }
  }
  return undefined
}

function fileUrl(file: string): string | undefined {
  if (file.startsWith('file:')) return file
  return isAbsolute(file) ? pathToFileURL(file).href : undefined
}
