/** Hosts of a store on an engine, each a process of its own. */
import { expect } from 'vitest'
import { startFixture } from '../run-fixture.ts'
import type { Fixture } from '../run-fixture.ts'

/** A line that a host writes: what a command came to, or what it heard. */
interface Answer {
  done?: unknown
  failed?: string
  heard?: string
  version?: string
  checked?: number
}

/** A host, which takes commands. */
export interface Host {
  readonly fixture: Fixture
  /** Gives the next line that it writes. */
  next(): Promise<Answer>
  /** Gives it a command. */
  send(...command: string[]): void
  /** Gives it a command that has to be done, and what was done. */
  ask(...command: string[]): Promise<unknown>
}

/** Starts hosts of an engine, and ends all of them after each test. */
export function hostsOf(engine: string): { start(...args: string[]): Host; endAll(): Promise<void> } {
  const started: Fixture[] = []
  return {
    start(...args) {
      const fixture = startFixture('host.mjs', { of: engine, args })
      started.push(fixture)
      const next = async (): Promise<Answer> => JSON.parse(await fixture.next()) as Answer
      const send = (...command: string[]): void => {
        fixture.child.stdin?.write(`${JSON.stringify(command)}\n`)
      }
      return {
        fixture,
        next,
        send,
        async ask(...command) {
          send(...command)
          const answer = await next()
          expect(answer).toHaveProperty('done')
          return answer.done
        },
      }
    },
    async endAll() {
      for (const { child } of started) child.kill('SIGKILL')
      await Promise.all(started.splice(0).map(({ ended }) => ended))
    },
  }
}
