import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { onAbort } from '../../src/stores/abort.ts'
import { untilAborted } from '../../src/stores/waiting.ts'
import { rejection } from '../helpers/thrown.ts'

test('a signal has one listener, however many want to know, and calls each of them that still does', () => {
  const giving = new AbortController()
  const called: number[] = []
  const forgets = [1, 2, 3].map((one) => onAbort(giving.signal, () => called.push(one)))
  forgets[1]?.()
  expect(getEventListeners(giving.signal, 'abort').length).toBe(1)
  giving.abort()
  expect(called).toEqual([1, 3])
})

test('each signal calls its own', () => {
  const [one, other] = [new AbortController(), new AbortController()]
  const called: string[] = []
  onAbort(one.signal, () => called.push('one'))
  onAbort(other.signal, () => called.push('other'))
  other.abort()
  expect(called).toEqual(['other'])
})

test('one who waits with others gives up alone, with the reason of the signal', async () => {
  const reason = new Error('enough')
  const giving = new AbortController()
  let resolve: (value: string) => void = () => undefined
  const shared = new Promise<string>((done) => (resolve = done))
  const given = rejection(untilAborted(shared, giving.signal))
  const waiting = [untilAborted(shared, new AbortController().signal), untilAborted(shared, undefined)]
  giving.abort(reason)
  expect(await given).toBe(reason)
  expect(await rejection(untilAborted(shared, giving.signal))).toBe(reason)
  resolve('here')
  expect(await Promise.all(waiting)).toEqual(['here', 'here'])
})
