/** Copies values and rebuilds errors with every text in them masked, of any depth, without running their code. */
import { WITHHELD } from './mask.ts'
import { copyPrimitive, type Masks, shellOf } from './shell.ts'

export type { Masks }

/** Copies a value. The withheld mark, should anything fail. */
export function redactedCopy(value: unknown, masks: Masks): unknown {
  try {
    return copyAll(value, masks)
  } catch {
    // Whatever failed, a part of the value may not be redacted yet.
    return WITHHELD
  }
}

/** Copies what was thrown. An error with the withheld mark as its message, should anything fail. */
export function redactedError(error: unknown, masks: Masks): unknown {
  try {
    return copyAll(error, masks)
  } catch {
    // Whatever failed, a part of the error may not be redacted yet; nor is the failure's own text known to be harmless.
    return withheldError()
  }
}

function withheldError(): Error {
  const error = new Error(WITHHELD)
  error.stack = `Error: ${WITHHELD}`
  return error
}

/** Objects wait in a list, so that depth costs no stack; the copies made so far keep cycles and shared parts. */
function copyAll(value: unknown, masks: Masks): unknown {
  const copies = new Map<object, unknown>()
  const waiting: (() => void)[] = []
  const copyOf = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return copyPrimitive(part, masks)
    if (copies.has(part)) return copies.get(part)
    const { copy, fill } = shellOf(part, masks)
    copies.set(part, copy)
    if (fill !== undefined)
      waiting.push(() => {
        fill(copyOf)
      })
    return copy
  }
  const copy = copyOf(value)
  for (let fill = waiting.pop(); fill !== undefined; fill = waiting.pop()) fill()
  return copy
}
