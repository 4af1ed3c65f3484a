import { describe, expect, test } from 'vitest'
import type { Job } from '../../src/worker/job.ts'
import { createQueues } from '../../src/worker/queues.ts'

const job = (key: string): Job => ({ key }) as Job
const jobs = (key: string, count: number): Job[] => Array.from({ length: count }, () => job(key))

/** Takes the jobs of a key out one after the other. */
function drained(queues: ReturnType<typeof createQueues>, key: string): Job[] {
  const order: Job[] = []
  for (let next = queues.first(key); next !== undefined; next = queues.first(key)) {
    order.push(next.job)
    queues.remove(next.job)
  }
  return order
}

describe('the queue of a key', () => {
  test.each([
    ['first', 0],
    ['middle', 1],
    ['last', 2],
  ])('keeps its order where the %s of its jobs is taken out', (_which, index) => {
    const queues = createQueues()
    const all = jobs('a', 3)
    for (const one of all) queues.add(one)
    const gone = all[index]!
    expect(queues.remove(gone)).toBe(true)
    expect(queues.remove(gone)).toBe(false)
    expect([queues.size, queues.length('a')]).toEqual([2, 2])
    const last = job('a')
    queues.add(last)
    expect(drained(queues, 'a')).toEqual([...all.filter((one) => one !== gone), last])
    expect([queues.size, queues.length('a'), [...queues.keys()]]).toEqual([0, 0, []])
  })

  test('has what is put back before what waits, also where nothing does', () => {
    const queues = createQueues()
    const [a, b, c] = jobs('a', 3) as [Job, Job, Job]
    queues.addFirst(b)
    queues.addFirst(a)
    queues.add(c)
    expect(drained(queues, 'a')).toEqual([a, b, c])
  })

  test('goes to the end of the round when one of its jobs is taken out', () => {
    const queues = createQueues()
    const [a, a2, b] = [job('a'), job('a'), job('b')]
    for (const one of [a, a2, b]) queues.add(one)
    queues.remove(a)
    expect([...queues.keys()]).toEqual(['b', 'a'])
    expect(queues.clear()).toEqual([a2, b])
    expect([queues.size, [...queues.keys()]]).toEqual([0, []])
  })
})

test('a job is taken out as soon where a hundred times as many wait', () => {
  const soonest = (count: number): number => {
    const times = Array.from({ length: 5 }, () => {
      const queues = createQueues()
      const all = jobs('a', count)
      for (const one of all) queues.add(one)
      const begun = performance.now()
      for (const one of all.reverse()) queues.remove(one)
      return (performance.now() - begun) / count
    })
    return Math.min(...times)
  }
  const few = soonest(900)
  // Looking for each among all would take a hundred times as long.
  expect(soonest(90_000)).toBeLessThan(20 * few)
})
