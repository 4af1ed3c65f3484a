/** Makes property tests short and the same in each run, and skips the tests that take long. */
import { beforeEach, vi } from 'vitest'
import { area } from './areas.mjs'

const isLong = process.env.MUTATION_PASS === 'long'

vi.mock('fast-check', async (original) => {
  const real = await original()
  const most = isLong ? 40 : 10
  // With one seed, what kills a mutant once kills it again. That it is killed is enough: no smaller case is looked for.
  const assert = (property, { numRuns = 100, ...parameters } = {}) =>
    real.assert(property, { ...parameters, seed: 1, endOnFailure: true, numRuns: Math.min(numRuns, most) })
  return { ...real, assert, default: { ...real.default, assert } }
})

const { long, never } = area(process.env.MUTATION_AREA)
const skipped = isLong ? never : [...long, ...never]

beforeEach(({ task, skip }) => {
  let title = task.name
  for (let suite = task.suite; suite; suite = suite.suite) title = `${suite.name} ${title}`
  skip(skipped.some((part) => title.includes(part)))
})
