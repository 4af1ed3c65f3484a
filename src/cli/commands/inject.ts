/** `latchkey inject -i FILE -o FILE`. */
import { statSync } from 'node:fs'
import type { ResolveOptions } from '../../template/types.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command, Input } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { usageError } from '../failure.ts'
import { fillIn } from '../injection/fill.ts'
import { type Format, FORMATS } from '../injection/slot.ts'
import { output } from '../output.ts'
import { writeSecretFile } from '../output-file.ts'
import { readText } from '../standard-input.ts'
import { scopeOf } from '../names.ts'
import { withStore } from '../store.ts'
import { readTextFile } from '../value-file.ts'

const SYNTAXES = ['mustache', 'mustache-only', 'dollar', 'both'] as const
/** More than any template that people write. */
const MOST_BYTES = 64 * 1024 * 1024

export const inject: Command = {
  summary: 'Fills secrets into a JSON, YAML or text file',
  arguments: [],
  options: {
    input: { placeholder: 'FILE', short: 'i', description: 'the template; - is stdin' },
    output: { placeholder: 'FILE', short: 'o', description: 'where the result goes, with mode 0600; - is stdout' },
    format: {
      placeholder: 'FORMAT',
      choices: FORMATS,
      description: 'json, yaml or text (default: by the name of the template: .json, .yaml, .yml, else text)',
    },
    syntax: {
      placeholder: 'SYNTAX',
      choices: SYNTAXES,
      description: 'mustache, mustache-only, dollar or both: whether ${{ ... }} is a tag (default: mustache)',
    },
    'keep-foreign': { description: 'leave tags of other names as they are (default: they are errors)' },
    reveal: { description: 'allow -o - on a terminal, which shows the secrets' },
    ...STORE_OPTIONS,
    ...SCOPE_OPTION,
  },
  details: [
    'A tag is {{ SECRETS.name.KEY }}. All that are missing are told at once, with their lines and columns; then nothing is written. What is no tag stays as it is, byte for byte.',
    'json: tags stand inside strings, and values are escaped as JSON needs it. yaml: the same; a string that holds a tag is written back in double quotes, comments and blanks stay, and a tag without quotes is taken for a string. text: values are put in as they are, with nothing escaped.',
    'The result is written beside its place and then renamed: it is there whole or not at all, and only you may read it.',
  ],
  examples: [
    'latchkey inject -i config.template.yaml -o config.yaml',
    'latchkey inject -i - -o - --format json < template.json | kubectl apply -f -',
  ],
  async run(input) {
    const from = required(input, 'input')
    const to = required(input, 'output')
    const format = formatOf(input, from)
    const syntax = input.text('syntax') ?? 'mustache'
    if (!isOneOf(SYNTAXES, syntax))
      throw usageError('What follows --syntax is no syntax.', `It is one of: ${SYNTAXES.join(', ')}.`)
    if (to === '-' && output.isTerminal && !input.flag('reveal')) {
      const hint = 'Name a file with -o, send it to a program with |, or say --reveal.'
      throw usageError('The secrets would be shown on the terminal.', hint)
    }
    refuseSame(from, to)
    const template =
      from === '-'
        ? await readText(MOST_BYTES, 'Send the template on stdin, or name its file with -i.')
        : readTextFile(from, MOST_BYTES)
    const options: ResolveOptions = {
      scope: scopeOf(input),
      syntax,
      foreign: input.flag('keep-foreign') ? 'keep' : 'error',
    }
    const text = await withStore(input, (store) => fillIn(template, format, store, options))
    if (to === '-') await output.write(text)
    else writeSecretFile(to, text)
    return EXIT.ok
  },
}

function required(input: Input, option: 'input' | 'output'): string {
  const text = input.text(option)
  if (text !== undefined) return text
  const which = option === 'input' ? 'The template is not named.' : 'Where the result goes is not named.'
  throw usageError(which, 'latchkey inject -i FILE -o FILE; - stands for stdin and stdout.')
}

function formatOf(input: Input, path: string): Format {
  const named = input.text('format')
  if (named === undefined) return /\.json$/i.test(path) ? 'json' : /\.ya?ml$/i.test(path) ? 'yaml' : 'text'
  if (isOneOf(FORMATS, named)) return named
  throw usageError('What follows --format is no format.', `It is one of: ${FORMATS.join(', ')}.`)
}

function isOneOf<T extends string>(list: readonly T[], text: string): text is T {
  return (list as readonly string[]).includes(text)
}

/** A template that is overwritten by its result is lost, and the secrets are where it was committed. */
function refuseSame(from: string, to: string): void {
  if (from === '-' || to === '-') return
  const [a, b] = [from, to].map((path) => statSync(path, { throwIfNoEntry: false, bigint: true }))
  if (a === undefined || b === undefined || a.dev !== b.dev || a.ino !== b.ino) return
  throw usageError('The result would overwrite its template.', 'Name another file with -o.')
}
