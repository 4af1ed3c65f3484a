/** Everything that somebody sees who shows a value in every way. */
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { inspect } from 'node:util'

const EITHER = [false, true]

/** Gives the text of `inspect` with every combination of its options that changes what is shown, and of `console.log`. */
export function shownInEveryWay(...values: readonly unknown[]): string[] {
  const shown = EITHER.flatMap((showHidden) =>
    EITHER.flatMap((customInspect) =>
      EITHER.flatMap((getters) =>
        [false, 3].map((compact) =>
          inspect(values, { showHidden, customInspect, getters, compact, showProxy: showHidden, ...EVERYTHING }),
        ),
      ),
    ),
  )
  return [...shown, logged(values), ...values.flatMap(cloned)]
}

const EVERYTHING = {
  depth: Infinity,
  maxArrayLength: Infinity,
  maxStringLength: Infinity,
  sorted: true,
  colors: true,
  numericSeparator: true,
}

function logged(values: readonly unknown[]): string {
  let text = ''
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  const own = new Console({ stdout: stream })
  own.log(...values)
  own.dir(values, { depth: Infinity })
  own.table(values)
  own.log('%s %o %O %j', ...values.flatMap((value) => [value, value, value, jsonOf(value)]))
  return text
}

/** `%j` fails on what JSON cannot hold; what is said of that is shown as well. */
function jsonOf(value: unknown): unknown {
  try {
    JSON.stringify(value)
    return value
  } catch (error) {
    return String(error)
  }
}

/** What another thread or process would get; not everything can be cloned, and what is said of that is shown as well. */
function cloned(value: unknown): string[] {
  try {
    const copy: unknown = structuredClone(value)
    return [inspect(copy, { showHidden: true, ...EVERYTHING }), JSON.stringify(jsonOf(copy)) ?? '']
  } catch (error) {
    return [inspect(error, { showHidden: true, ...EVERYTHING })]
  }
}
