/** The command-line flags that a child starts with: those that load the user's code, and those that make it a child. */

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
  return [...loaderFlags(splitNodeOptions(process.env['NODE_OPTIONS'] ?? '')), ...loaderFlags(process.execArgv), ...own]
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
