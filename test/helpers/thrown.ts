/** What something throws, for tests that look at it closely. */
import { inspect } from 'node:util'

/** Gives what `fn` throws. */
export function thrownBy(fn: () => unknown): unknown {
  try {
    fn()
  } catch (error) {
    return error
  }
  throw new Error('it did not throw')
}

/** Gives the reason of a rejection. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it did not reject')
    },
    (error: unknown) => error,
  )
}

/** Every text in which an error may show: inspect, JSON, message, stack. */
export function allTextOf(error: unknown): string {
  const { message, stack } = Object(error) as Partial<Error>
  return [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), message, stack].join('\n')
}
