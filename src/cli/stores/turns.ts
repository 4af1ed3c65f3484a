/** Queries that wait for their turn before the pool: pg counts the time in its own queue as time that a connection takes. */
import type { PostgresClient } from '../../stores/postgres.ts'

/** Gives a client that has only so many queries under way in `pool`, which the others wait for as long as it takes. */
export function inTurn(pool: PostgresClient, most: number): PostgresClient {
  const waiting: (() => void)[] = []
  let underWay = 0
  return {
    async query(text, params) {
      // Whoever ends gives its place to the first who waits.
      if (underWay === most) await new Promise<void>((resolve) => waiting.push(resolve))
      else underWay += 1
      try {
        return await pool.query(text, params)
      } finally {
        const next = waiting.shift()
        if (next === undefined) underWay -= 1
        else next()
      }
    },
  }
}
