/** Finds the records of a secret in a store file. */
import { beginsWith, firstFrom, recordAt, recordBefore } from '../document/document.ts'
import type { Document } from '../document/document.ts'
import { linePrefix, readLine } from './record.ts'
import type { Line } from './record.ts'

/** Gives the versions of a secret, the oldest first. */
export function linesOf(document: Document, scope: string, name: string): readonly Line[] {
  return linesBetween(document, ...rangeOf(document, linePrefix(scope, name)))
}

/** Gives the live version of a secret: its last line. */
export function liveLine(document: Document, scope: string, name: string): Line | undefined {
  const prefix = linePrefix(scope, name)
  const end = firstFrom(document, afterPrefix(prefix))
  if (end === document.body) return undefined
  const last = recordBefore(document, end)
  return beginsWith(document, last, Buffer.from(prefix)) ? readLine(recordAt(document, last)) : undefined
}

/** What comes after every record that begins with a prefix: `:` is the next character after the digits of versions. */
export function afterPrefix(prefix: string): Buffer {
  return Buffer.from(`${prefix}:`)
}

/** Gives where the records of one prefix begin, and where they end. */
export function rangeOf(document: Document, prefix: string): [number, number] {
  return [firstFrom(document, Buffer.from(prefix)), firstFrom(document, afterPrefix(prefix))]
}

/** Reads the records between two offsets. */
export function linesBetween(document: Document, start: number, end: number): Line[] {
  const lines: Line[] = []
  for (let at = start; at < end;) {
    const text = recordAt(document, at)
    lines.push(readLine(text))
    at += text.length + 1
  }
  return lines
}
