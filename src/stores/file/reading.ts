/** The reading verbs of a file store. */
import type { SecretInfo } from '../../secret.ts'
import type { MaybePromise, WritableSecretStore } from '../../store.ts'
import { infoAnswer, secretAnswer } from '../answer.ts'
import type { HeldSecret } from '../answer.ts'
import { assertOptions, checkedList, checkedRequests, checkedScope } from '../request.ts'
import { untilAborted } from '../waiting.ts'
import { beginsWith, firstFrom, recordAt } from '../document/document.ts'
import type { Document } from '../document/document.ts'
import { afterPrefix, linesOf, liveLine } from './lines.ts'
import { linePrefix, openRecord, readLine, sealedRecord } from './record.ts'
import type { Line } from './record.ts'
import type { View } from './source.ts'

/** The verbs that read. None uses `this`. */
export type ReadingVerbs = Required<
  Pick<WritableSecretStore, 'describe' | 'get' | 'getMany' | 'list' | 'scopes' | 'history'>
>

/**
 * Makes the verbs that read.
 *
 * @param current - gives the file as it is now; throws if the store is closed.
 */
export function readingVerbs(current: () => MaybePromise<View | undefined>): ReadingVerbs {
  const look = (signal: AbortSignal | undefined): MaybePromise<View | undefined> => {
    signal?.throwIfAborted()
    const view = current()
    return view instanceof Promise ? untilAborted(view, signal) : view
  }

  return {
    describe(name, options) {
      const view = current()
      assertOptions('describe', options, ['scope', 'signal'])
      const scope = checkedScope(name, options)
      options?.signal?.throwIfAborted()
      const answer = (now: View | undefined): SecretInfo | undefined => {
        const found = readLive(now, scope, name)
        return found && infoAnswer(found)
      }
      return view instanceof Promise ? untilAborted(view, options?.signal).then(answer) : answer(view)
    },

    async get(name, options) {
      assertOptions('get', options, ['scope', 'signal'])
      const scope = checkedScope(name, options)
      const view = look(options?.signal)
      // Not awaited where there is nothing to wait for: a turn of the queue costs as much as looking for the record.
      const found = readLive(view instanceof Promise ? await view : view, scope, name)
      return found && secretAnswer(found)
    },

    async getMany(requests, options) {
      const checked = checkedRequests(requests, options)
      const view = await look(options?.signal)
      return checked.map(({ name, scope, keys }) => {
        const found = readLive(view, scope, name)
        return found && secretAnswer(found, keys)
      })
    },

    async *list(options) {
      const { scope, prefix } = checkedList(options)
      let after: Buffer = Buffer.from(`"${scope}"\t"${prefix}`)
      let place: Place | undefined
      for (;;) {
        // Asked again for each: the consumer may have changed the file, or closed the store, between two steps.
        const view = await look(undefined)
        const found = view && secretFrom(view.document, after, place)
        if (view === undefined || found === undefined || !beginsWithLine(found.line, scope, prefix)) return
        const { line, next } = found
        after = afterPrefix(linePrefix(line.scope, line.name))
        place = { document: view.document, at: next }
        yield infoAnswer(openRecord(sealedRecord(line, view.document.header, view.keys)))
      }
    },

    async *scopes() {
      let after: Buffer = Buffer.alloc(0)
      for (;;) {
        const view = await look(undefined)
        const line = view && lineFrom(view, after)
        if (line === undefined) return
        // A line break comes after the tab that follows every other record of this scope.
        after = Buffer.from(`"${line.scope}"\n`)
        yield line.scope
      }
    },

    async history(name, options) {
      assertOptions('history', options, ['scope', 'signal'])
      const scope = checkedScope(name, options)
      const view = await look(options?.signal)
      if (view === undefined) return []
      const { document, keys } = view
      return linesOf(document, scope, name)
        .map((line) => infoAnswer(openRecord(sealedRecord(line, document.header, keys))))
        .reverse()
    },
  }
}

/** How many records are kept at hand, still sealed, for those who read the same ones again. */
const AT_HAND = 1_000

function readLive(view: View | undefined, scope: string, name: string): HeldSecret | undefined {
  if (view === undefined) return undefined
  const prefix = linePrefix(scope, name)
  let record = view.atHand.get(prefix)
  if (record === undefined) {
    const line = liveLine(view.document, scope, name)
    if (line === undefined) return undefined
    record = sealedRecord(line, view.document.header, view.keys)
    if (view.atHand.size >= AT_HAND) view.atHand.clear()
    view.atHand.set(prefix, record)
  }
  return openRecord(record)
}

/** Where the next secret begins, in the file as it was then. */
interface Place {
  readonly document: Document
  readonly at: number
}

/**
 * Gives the live version of the first secret that is not before `probe`, and where the one after it begins. What is listed is not kept at
 * hand: a long list would put out what is read often.
 */
function secretFrom(
  document: Document,
  probe: Buffer,
  place: Place | undefined,
): { readonly line: Line; readonly next: number } | undefined {
  const at = place?.document === document ? place.at : firstFrom(document, probe)
  if (at === document.footer) return undefined
  let text = recordAt(document, at)
  const line = readLine(text)
  const prefix = Buffer.from(linePrefix(line.scope, line.name))
  let next = at + text.length + 1
  if (!beginsWith(document, next, prefix)) return { line, next }
  while (beginsWith(document, next, prefix)) {
    text = recordAt(document, next)
    next += text.length + 1
  }
  return { line: readLine(text), next }
}

function lineFrom({ document }: View, probe: Buffer): Line | undefined {
  const at = firstFrom(document, probe)
  return at === document.footer ? undefined : readLine(recordAt(document, at))
}

function beginsWithLine(line: Line, scope: string, prefix: string): boolean {
  return line.scope === scope && line.name.startsWith(prefix)
}
