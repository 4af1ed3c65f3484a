/** Takes a command line apart, as `parseArgs` of node:util does, to which a test holds it: a start would wait for that to be loaded. */
import type { Options } from './command.ts'

/** An option, with its text where it has one. */
export interface OptionToken {
  readonly kind: 'option'
  /** Which argument it stands in. */
  readonly index: number
  /** Its long name, as far as it is known. */
  readonly name: string
  /** As it was typed: `--name`, `-n`. */
  readonly rawName: string
  readonly value: string | undefined
  /** Whether the text stands in the same argument; `undefined` without one. */
  readonly inlineValue: boolean | undefined
}
/** What one or more arguments are. What comes after `--` is all positional. */
export type Token =
  | OptionToken
  | { readonly kind: 'positional'; readonly index: number; readonly value: string }
  | { readonly kind: 'option-terminator'; readonly index: number }

/** Tells what each argument is, for a command line of these options. One that is none of them is taken for a flag. */
export function tokensOf(args: readonly string[], options: Options): Token[] {
  const tokens: Token[] = []
  let ended = false
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? ''
    if (ended || arg === '-' || !arg.startsWith('-')) {
      tokens.push({ kind: 'positional', index, value: arg })
    } else if (arg === '--') {
      tokens.push({ kind: 'option-terminator', index })
      ended = true
    } else {
      const found = arg.startsWith('--') ? [longOption(arg)] : shortOptions(arg, options)
      const last = found.at(-1)
      // Only the last of several letters can want what comes next.
      const next = last?.value === undefined && takesText(last?.name, options) ? args[index + 1] : undefined
      for (const option of found) {
        const value = option === last ? (option.value ?? next) : undefined
        const inlineValue = value === undefined ? undefined : option.value !== undefined
        tokens.push({ kind: 'option', index, ...option, value, inlineValue })
      }
      if (next !== undefined) index += 1
    }
  }
  return tokens
}

type Found = Pick<OptionToken, 'name' | 'rawName' | 'value'>

function longOption(arg: string): Found {
  const equals = arg.includes('=', 3) ? arg.indexOf('=') : arg.length
  const rawName = arg.slice(0, equals)
  return { name: rawName.slice(2), rawName, value: equals === arg.length ? undefined : arg.slice(equals + 1) }
}

/** Letters, up to the first that takes a text: the rest is its text. */
function shortOptions(arg: string, options: Options): Found[] {
  const found: Found[] = []
  for (let at = 1; at < arg.length; at += 1) {
    const letter = arg.charAt(at)
    const name = Object.keys(options).find((long) => options[long]?.short === letter) ?? letter
    const ends = takesText(name, options)
    found.push({ name, rawName: `-${letter}`, value: (ends && arg.slice(at + 1)) || undefined })
    if (ends) break
  }
  return found
}

function takesText(name: string | undefined, options: Options): boolean {
  return name !== undefined && Object.hasOwn(options, name) && options[name]?.placeholder !== undefined
}
