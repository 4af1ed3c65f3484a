/** Many requests, a few at a time. */

/** How many requests of one call are under way at once. */
const AT_ONCE = 16

/** Gives what `act` gives for each item, in order, with some of them under way at once. */
export async function* inBatches<T, R>(items: readonly T[], act: (item: T) => Promise<R>): AsyncGenerator<R> {
  for (let start = 0; start < items.length; start += AT_ONCE) {
    yield* await Promise.all(items.slice(start, start + AT_ONCE).map(act))
  }
}

/** Gives all that `act` gives, in order. */
export async function allOf<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for await (const result of inBatches(items, act)) results.push(result)
  return results
}
