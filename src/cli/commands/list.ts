/** `latchkey list`. */
import { lstatSync } from 'node:fs'
import { DEFAULT_SCOPE } from '../../secret.ts'
import type { SecretInfo } from '../../secret.ts'
import type { FileStore } from '../../stores/file.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { output } from '../output.ts'
import { scopeOf, withStore } from '../store.ts'
import { table } from '../table.ts'

export const list: Command = {
  summary: 'Lists the secrets of a scope: names, keys, versions, dates; no values',
  arguments: [],
  options: {
    ...STORE_OPTIONS,
    ...SCOPE_OPTION,
    json: { description: 'one JSON object on each line: name, scope, keys, version, createdAt' },
  },
  details: [
    'On a terminal it prints a table. Otherwise each line is name, date, version and keys (joined by commas), with tabs between\nthem. Dates say when the version was written, in UTC.',
  ],
  async run(input) {
    const scope = scopeOf(input)
    await withStore(input, async (store) => {
      // An empty list would be the wrong answer for a path that was mistyped.
      if (lstatSync(store.path, { throwIfNoEntry: false }) === undefined) {
        const hint = 'Name another file with --file, or make one with latchkey init.'
        throw new CliError('NOT_FOUND', `There is no store file ${store.path}.`, hint)
      }
      const layout = input.flag('json') ? jsonLines() : output.isTerminal ? aligned(output.columns) : tabs()
      let count = 0
      for await (const info of store.list({ scope })) {
        count += 1
        const text = layout.add(info)
        if (text !== '' && !(await output.write(text))) return
      }
      const rest = layout.end()
      if (rest !== '') await output.write(rest)
      if (count === 0) process.stderr.write(await nothing(store, scope ?? DEFAULT_SCOPE))
    })
    return EXIT.ok
  },
}

interface Layout {
  add(info: SecretInfo): string
  end(): string
}

function jsonLines(): Layout {
  return {
    add: ({ name, scope, keys, version, createdAt }) =>
      `${JSON.stringify({ name, scope, keys, version, createdAt })}\n`,
    end: () => '',
  }
}

function tabs(): Layout {
  return { add: (info) => `${cells(info, ',').join('\t')}\n`, end: () => '' }
}

function aligned(columns: number): Layout {
  const rows = table(['NAME', 'WRITTEN', 'VERSION', 'KEYS'], columns)
  return { add: (info) => rows.add(cells(info, ', ')), end: () => rows.end() }
}

function cells({ name, createdAt, version, keys }: SecretInfo, comma: string): string[] {
  const date = createdAt === undefined ? '-' : createdAt.toISOString().replace(/:\d\d\.\d+Z$/, 'Z')
  return [name, date, version, keys.join(comma)]
}

/** What to say instead of an empty table; on stderr, so that a pipe stays empty. */
async function nothing(store: FileStore, scope: string): Promise<string> {
  const others: string[] = []
  for await (const other of store.scopes()) {
    if (others.push(other) === 10) break
  }
  const elsewhere = others.length === 0 ? '' : ` Scopes with secrets: ${others.join(', ')}.`
  return `No secrets in scope ${scope}.${elsewhere}\n`
}
