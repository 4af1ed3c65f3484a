/** Makes property tests short and the same in each run, and skips the tests that are not of this pass. */
import { beforeEach, vi } from 'vitest'
import { area } from './areas.mjs'

vi.mock('fast-check', async (original) => {
  const real = await original()
  // With one seed, what kills a mutant once kills it again.
  const assert = (property, parameters) =>
    real.assert(property, { ...parameters, seed: 1, numRuns: Math.min(parameters?.numRuns ?? 100, 40) })
  return { ...real, assert, default: { ...real.default, assert } }
})

const { long, never } = area(process.env.MUTATION_AREA)
const isLongPass = process.env.MUTATION_PASS === 'long'

beforeEach(({ task, skip }) => {
  let title = task.name
  for (let suite = task.suite; suite; suite = suite.suite) title = `${suite.name} ${title}`
  const isOf = (parts) => parts.some((part) => title.includes(part))
  // What the quick tests let live, they need not be asked about again.
  skip(isOf(never) || isOf(long) !== isLongPass)
})
