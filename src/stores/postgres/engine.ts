/** Keeps sealed rows in PostgreSQL. */
import { randomInt } from 'node:crypto'
import { StoreError } from '../../errors.ts'
import type { Place, SealedEngine, SealedRow, SealedVersion, WriteOutcome } from '../sealing/engine.ts'
import { bytesOf, digitsOf, textOf } from './client.ts'
import type { AnswerRow, RunQuery } from './client.ts'
import { STORE } from './failure.ts'
import { noteOf } from './note.ts'
import type { Statements } from './statements.ts'

/** How many versions of a list are read at once. */
const PAGE = 100
/** How many scopes are read at once. */
const SCOPES = 1_000
/** What every beginning of a name looks like. */
const NAME_START = /^[A-Za-z0-9_-]{0,128}$/
const REVISIONS = 2 ** 47
/** What no ring opens: what stands for bytes that are not there. */
const NOTHING = Buffer.alloc(0)

/**
 * Makes the engine of a store in PostgreSQL, but for watching and closing.
 *
 * @param history - how many older versions are kept.
 */
export function postgresEngine(
  run: RunQuery,
  statements: Statements,
  history: number,
): Omit<SealedEngine, 'watch' | 'close'> {
  const page = async (
    scope: string,
    prefix: string,
    after: string,
    older: boolean,
    most: number,
  ): Promise<SealedRow[]> => {
    const text = older ? statements.pageOlder : statements.page
    const rows = await run('list secrets', text, [scope, prefix, after, most])
    return rows.map((row) => rowOf({ scope, name: textOf(row, 'name') }, row, older))
  }

  return {
    name: STORE,
    fenced: true,

    async readKeyring() {
      const [row] = await run('read the keyring', statements.readKeyring, [])
      return row && { revision: textOf(row, 'revision'), bytes: bytesOf(row, 'document') ?? NOTHING }
    },

    async writeKeyring(bytes, revision) {
      // At random, so that a keyring that comes in the place of one that was dropped is not taken for it.
      const next = String(1 + randomInt(REVISIONS))
      const rows =
        revision === undefined
          ? await run('make the keyring', statements.insertKeyring, [next, bytes])
          : await run('write the keyring', statements.updateKeyring, [next, bytes, revision])
      return rows.length === 1
    },

    async read(places, { older }) {
      const [first] = places
      if (first === undefined) return []
      const doing = places.length === 1 ? `read secret ${first.name} (scope ${first.scope})` : 'read secrets'
      if (places.length === 1 && !older) {
        const [row] = await run(doing, statements.readOne, [first.scope, first.name])
        return [row && rowOf(first, row, false)]
      }
      const asked = [arrayOf(places.map(({ scope }) => scope)), arrayOf(places.map(({ name }) => name))]
      const found: (SealedRow | undefined)[] = places.map(() => undefined)
      for (const row of await run(doing, older ? statements.readOlder : statements.readMany, asked)) {
        const index = Number(row['i']) - 1
        const place = places[index]
        if (place !== undefined) found[index] = rowOf(place, row, older)
      }
      return found
    },

    async *list(scope, prefix, { older }) {
      if (!NAME_START.test(prefix)) return
      const most = older ? Math.ceil(PAGE / (1 + history)) : PAGE
      for (let after = ''; ;) {
        const rows = await page(scope, prefix, after, older, most)
        yield* rows
        const last = rows.at(-1)
        if (last === undefined || rows.length < most) return
        after = last.name
      }
    },

    async *scopes() {
      for (let after = ''; ;) {
        const rows = await run('list scopes', statements.scopes, [after, SCOPES])
        const scopes = rows.map((row) => textOf(row, 'scope'))
        yield* scopes
        const last = scopes.at(-1)
        if (last === undefined || rows.length < SCOPES) return
        after = last
      }
    },

    async put(place, next, before, keyring) {
      const { scope, name } = place
      const version = String(next.version)
      const given = [scope, name, version, next.bytes, noteOf(place, version), keyring ?? null]
      const doing = `write secret ${name} (scope ${scope})`
      return outcomeOf(
        before === undefined
          ? await run(doing, statements.insert, given)
          : await run(doing, statements.update, [...given, before.revision, history]),
      )
    },

    async replace({ scope, name, revision }, [live, ...older], keyring) {
      const pairs = JSON.stringify(older.map(({ version, bytes }) => [String(version), bytes.toString('hex')]))
      const doing = `seal secret ${name} (scope ${scope}) again`
      return outcomeOf(
        await run(doing, statements.replace, [scope, name, revision, live.bytes, pairs, keyring ?? null]),
      )
    },

    async remove(place, revision) {
      const { scope, name } = place
      const doing = `delete secret ${name} (scope ${scope})`
      const [row] = await run(doing, statements.remove, [scope, name, noteOf(place), revision ?? null])
      return row?.['removed'] === true
    },
  }
}

function rowOf({ scope, name }: Place, row: AnswerRow, older: boolean): SealedRow {
  const revision = digitsOf(row, 'version')
  const live = { version: Number(revision), bytes: bytesOf(row, 'sealed') ?? NOTHING }
  return { scope, name, revision, versions: [live, ...(older ? keptOf(row, { scope, name }) : [])] }
}

/** Writes scopes or names as PostgreSQL writes an array of text. None of them holds a quote or a backslash. */
function arrayOf(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text}"`).join(',')}}`
}

function keptOf(row: AnswerRow, { scope, name }: Place): SealedVersion[] {
  if (row['kept'] === null) return []
  try {
    const pairs = JSON.parse(textOf(row, 'kept')) as [string, string][]
    return pairs.map(([version, hex]) => ({ version: Number(version), bytes: Buffer.from(hex, 'hex') }))
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw new StoreError('BAD_ANSWER', `The client answered with versions of secret ${name} that are none.`, {
      store: STORE,
      scope,
      secret: name,
    })
  }
}

function outcomeOf([row]: readonly AnswerRow[]): WriteOutcome {
  const outcome = textOf(row, 'outcome')
  if (outcome === 'done' || outcome === 'conflict') return outcome
  return 'rekeyed'
}
