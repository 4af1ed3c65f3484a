/**
 * Tests of properties: fast-check, with the same cases in each run, so that no run fails by chance. `SLOW=1` tries more cases, other
 * ones each time; what fails is told with the seed that it came from.
 */
import fc from 'fast-check'

const SLOW = process.env['SLOW'] === '1'
if (!SLOW) fc.configureGlobal({ seed: 1 })

/** How many cases of a property are tried: a few, or under `SLOW=1` many. */
export function cases(few: number, many: number): number {
  return SLOW ? many : few
}

export { fc }
