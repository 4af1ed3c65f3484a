import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PostgresConnection } from '../../../src/stores/postgres/client.ts'
import { openLine } from '../../../src/stores/postgres/line.ts'
import type { Line } from '../../../src/stores/postgres/line.ts'

/** A connection that a test controls. */
class Connection extends EventEmitter implements PostgresConnection {
  readonly queries: string[] = []
  ended = false
  answer: () => Promise<unknown> = () => Promise.resolve()
  query(text: string): Promise<unknown> {
    this.queries.push(text)
    return this.answer()
  }
  end(): Promise<void> {
    this.ended = true
    return Promise.resolve()
  }
}

const CHECK_MS = 30_000
const hang = (): Promise<never> => new Promise(() => undefined)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function line(
  connect: (nth: number) => PostgresConnection | Promise<PostgresConnection>,
  back = () => Promise.resolve(),
) {
  let made = 0
  const heard: (string | undefined)[] = []
  const opened: Line = openLine({
    listen: () => connect((made += 1)),
    channel: 'latchkey_test',
    checkMs: CHECK_MS,
    heard: (payload) => heard.push(payload),
    back,
  })
  return { line: opened, heard, made: () => made }
}

describe('a line', () => {
  test('hears its own channel, and no other', async () => {
    const connection = new Connection()
    const { line: open, heard } = line(() => connection)
    await open.opened
    expect(connection.queries).toEqual(['listen latchkey_test'])
    connection.emit('notification', { channel: 'latchkey_test', payload: 'a' })
    connection.emit('notification', { channel: 'other', payload: 'b' })
    expect(heard).toEqual(['a'])
    await open.close()
    expect(connection.ended).toBe(true)
  })

  test('that cannot be opened says why in the words of the store, and ends what it began', async () => {
    const connection = new Connection()
    connection.answer = () => Promise.reject(Object.assign(new Error('driver says: hunter2'), { code: '42501' }))
    const { line: open } = line(() => connection)
    await expect(open.opened).rejects.toMatchObject({ code: 'DENIED', store: 'postgres' })
    await expect(open.opened).rejects.not.toThrow(/hunter2/)
    expect(connection.ended).toBe(true)
    await open.close()
  })

  test.each(['error', 'end'])('that was lost with "%s" is made again, after ever longer pauses', async (event) => {
    const connections = [new Connection(), new Connection()] as const
    let backs = 0
    const { line: open, made } = line(
      (nth) => {
        if (nth === 1) return connections[0]
        if (nth < 5) throw new Error('not yet')
        return connections[1]
      },
      () => Promise.resolve(void (backs += 1)),
    )
    await open.opened
    expect(backs).toBe(0)
    connections[0].emit(event)
    expect(connections[0].ended).toBe(false)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(connections[0].ended).toBe(true)
    expect(made()).toBe(5)
    expect(backs).toBe(1)
    await open.close()
  })

  test('that cannot catch up is given up, and made again', async () => {
    const connections = Array.from({ length: 3 }, () => new Connection())
    let backs = 0
    const { line: open } = line(
      (nth) => connections[nth - 1]!,
      () => ((backs += 1) === 1 ? Promise.reject(new Error('lost again')) : Promise.resolve()),
    )
    await open.opened
    connections[0]!.emit('end')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(backs).toBe(2)
    expect(connections.map(({ ended }) => ended)).toEqual([true, true, false])
    await open.close()
  })

  test.each<[string, () => Promise<unknown>]>([
    ['answers no more', hang],
    ['fails', () => Promise.reject(new Error('gone'))],
  ])('whose connection %s when it is asked is made again, though nobody said that it ended', async (_, answer) => {
    const connections = [new Connection(), new Connection()] as const
    const { line: open, made } = line((nth) => connections[nth - 1]!)
    await open.opened
    await vi.advanceTimersByTimeAsync(CHECK_MS * 3)
    expect(made()).toBe(1)
    expect(connections[0].queries.filter((text) => text === 'select 1')).toHaveLength(3)
    connections[0].answer = answer
    await vi.advanceTimersByTimeAsync(CHECK_MS * 2 + 2_000)
    expect(made()).toBe(2)
    await open.close()
    await vi.advanceTimersByTimeAsync(CHECK_MS * 3)
    expect(made()).toBe(2)
  })

  test('is closed also while it waits for the next attempt, and where the end of its connection never comes', async () => {
    const connection = new Connection()
    connection.end = hang
    const { line: open, made } = line((nth) => {
      if (nth === 1) return connection
      throw new Error('not yet')
    })
    await open.opened
    connection.emit('end')
    await vi.advanceTimersByTimeAsync(5_000)
    const before = made()
    const closing = open.close()
    await vi.advanceTimersByTimeAsync(5_000)
    await closing
    expect(made()).toBe(before)
  })
})
