/** The command-line flags that a child starts with: those that load the user's code, and those that make it a child. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Flags that say how modules are found and loaded, with how many further arguments each takes when written apart. */
const LOADER_FLAGS: ReadonlyMap<string, number> = new Map([
  ['--import', 1],
  ['--require', 1],
  ['-r', 1],
  ['--loader', 1],
  ['--experimental-loader', 1],
  ['--conditions', 1],
  ['-C', 1],
  ['--experimental-strip-types', 0],
  ['--no-experimental-strip-types', 0],
  ['--strip-types', 0],
  ['--no-strip-types', 0],
  ['--experimental-transform-types', 0],
  ['--enable-source-maps', 0],
  ['--experimental-require-module', 0],
  ['--preserve-symlinks', 0],
])

/** Flags whose argument names a module: by a URL's rules, or by those of `require`. */
const MODULE_FLAGS: ReadonlyMap<string, 'import' | 'require'> = new Map([
  ['--import', 'import'],
  ['--loader', 'import'],
  ['--experimental-loader', 'import'],
  ['--require', 'require'],
  ['-r', 'require'],
])

/** The folder of this process before the program could change it: what its own flags name is found from there. */
export const startFolder = currentFolder()

/** Makes `latchkey` what it is in a child. It stands behind the host's flags and before a child's own. */
export const CHILD_CONDITION = '--conditions=latchkey-child'

/** What a child needs beyond the host's loader flags. */
export interface FlagOptions {
  /** A limit of the child's heap in MB. */
  readonly maxOldSpaceMb?: number | undefined
  /** Packages to import before the child has a secret. */
  readonly preload?: readonly string[] | undefined
  /** Further flags, as they are. */
  readonly further?: readonly string[] | undefined
}

/** Makes a child's `execArgv`. The host's `--env-file`, `--inspect`, `--watch` and the like never go on. */
export function childFlags(options: FlagOptions = {}): string[] {
  const own = [CHILD_CONDITION]
  // Closes the inspector that SIGUSR1 opens, and keeps the environment out of diagnostic reports, where Node can.
  for (const flag of ['--disable-sigusr1', '--report-exclude-env']) {
    if (process.allowedNodeEnvironmentFlags.has(flag)) own.push(flag)
  }
  if (options.maxOldSpaceMb !== undefined) own.push(`--max-old-space-size=${options.maxOldSpaceMb}`)
  for (const name of options.preload ?? []) own.push(`--import=${name}`)
  own.push(...(options.further ?? []))
  const given = [...loaderFlags(splitNodeOptions(process.env['NODE_OPTIONS'] ?? '')), ...loaderFlags(process.execArgv)]
  return [...foundFrom(startFolder, given), ...own]
}

/** The current folder; `undefined` if it has been removed. */
function currentFolder(): string | undefined {
  try {
    return process.cwd()
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}

/** Has loader flags name the same files in a child, which has the current folder, as they did in `folder`. */
function foundFrom(folder: string | undefined, flags: readonly string[]): readonly string[] {
  if (folder === undefined || folder === currentFolder()) return flags
  return flags.map((flag, index) => {
    const [name = '', value] = flag.startsWith('--') ? flag.split(/=(.*)/s, 2) : [flag]
    const rules = MODULE_FLAGS.get(name)
    if (rules !== undefined && value !== undefined) return `${name}=${absolute(folder, value, rules)}`
    const before = MODULE_FLAGS.get(flags[index - 1] ?? '')
    return before === undefined ? flag : absolute(folder, flag, before)
  })
}

function absolute(folder: string, module: string, rules: 'import' | 'require'): string {
  if (!/^\.\.?(?:[/\\]|$)/.test(module)) return module
  return rules === 'require' ? resolve(folder, module) : new URL(module, pathToFileURL(`${folder}/`)).href
}

/** Keeps the loader flags of an argument list, each with its arguments. */
export function loaderFlags(args: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? ''
    const name = arg.startsWith('--') ? (arg.split('=', 1)[0] ?? '') : arg
    const following = LOADER_FLAGS.get(name)
    if (following === undefined) continue
    const apart = name === arg ? following : 0
    kept.push(...args.slice(index, index + 1 + apart))
    index += apart
  }
  return kept
}

/** Splits NODE_OPTIONS as Node does: at blanks, with double quotes and backslashes inside them. */
export function splitNodeOptions(text: string): string[] {
  const args: string[] = []
  let current: string | undefined
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    let char = text[index] ?? ''
    if (char === '"') {
      quoted = !quoted
      current ??= ''
      continue
    }
    if (char === ' ' && !quoted) {
      if (current !== undefined) args.push(current)
      current = undefined
      continue
    }
    if (char === '\\' && quoted) char = text[++index] ?? ''
    current = (current ?? '') + char
  }
  if (current !== undefined) args.push(current)
  return args
}
