/** Knows which modules are the host's main module: importing one in a child would start the host again, with secrets. */
import { realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startFolder } from './flags.ts'

let known: readonly string[] | undefined

/** The real paths of the host's main module, as Node, loaders and process managers name it. */
export function mainModules(): readonly string[] {
  return (known ??= findMainModules())
}

function findMainModules(): string[] {
  // Paths are absolute, so any place will do: a bundle of CommonJS has no import.meta.url.
  const require = createRequire(process.execPath)
  const candidates = [require.main?.filename, process.argv[1], process.env['pm_exec_path'], mainOfProcess()]
  const paths = new Set<string>()
  for (const candidate of candidates) {
    if (!candidate) continue
    const path = resolve(candidate)
    try {
      // As Node does for its main module: a directory stands for its index or `main`, and extensions may be missing.
      paths.add(realpathSync(require.resolve(path)))
    } catch (error) {
      // Node found it by a loader's rules, or it is no file at all (`node -`).
      if (!isNotFound(error)) throw error
    }
  }
  return [...paths]
}

/** What the program was started with, where this is a thread of it: to a thread, its own file is the main module. */
function mainOfProcess(): string | undefined {
  // Loaded here, when it is needed: each child would load it at its start.
  const { isMainThread } = process.getBuiltinModule('node:worker_threads')
  if (isMainThread || startFolder === undefined) return undefined
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean }
  const { excludeNetwork } = report
  // Else it asks for the name of whoever the process is connected with.
  report.excludeNetwork = true
  const { header } = report.getReport() as { header: { commandLine: string[] } }
  if (excludeNetwork !== undefined) report.excludeNetwork = excludeNetwork
  const args = header.commandLine.slice(1)
  // A thread has the flags of its process, unless it was given others.
  const hasFlags = process.execArgv.every((flag, index) => flag === args[index])
  const main = args.slice(hasFlags ? process.execArgv.length : 0).find((arg) => !arg.startsWith('-'))
  return main && resolve(startFolder, main)
}

function isNotFound(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return ['MODULE_NOT_FOUND', 'ENOENT', 'ENOTDIR', 'EACCES', 'ERR_ACCESS_DENIED'].includes(String(code))
}

const judged = new Map<string, boolean>()

/** Tells whether a module is the host's main module. */
export function isMainModule(url: string): boolean {
  let main = judged.get(url)
  if (main === undefined) {
    const path = modulePath(url)
    main = path !== undefined && mainModules().includes(path)
    judged.set(url, main)
  }
  return main
}

/** A file's time and size, and when they were looked at. */
const marks = new Map<string, { readonly mark: string; readonly at: number }>()
/** A file that changes under a busy program is noticed this much later at most: asking for each call is a third of it. */
const MARK_MS = 100

/** Changes when a module's file does, so that no worker runs a file's older contents for a newer host. */
export function fileMark(url: string): string {
  if (!url.startsWith('file:')) return ''
  const now = performance.now()
  const known = marks.get(url)
  if (known !== undefined && now - known.at < MARK_MS) return known.mark
  const stats = statSync(fileURLToPath(url), { throwIfNoEntry: false })
  // What is not there is for the child's import to report.
  const mark = stats === undefined ? '' : `${stats.mtimeMs}:${stats.size}`
  marks.set(url, { mark, at: now })
  return mark
}

/** The real path of a module's file; `undefined` if it is no file or not there. */
export function modulePath(url: string): string | undefined {
  if (!url.startsWith('file:')) return undefined
  try {
    return realpathSync(fileURLToPath(url))
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
