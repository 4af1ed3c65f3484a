/** Commands and scripts on the caller's client, each with an end in time, on the keys of one store. */
import type { Send } from './client.ts'
import { badAnswer, codeWord, noAnswer, redisFailure } from './failure.ts'
import type { Script } from './scripts.ts'

/** The keys of a store. One tag keeps them in one slot of a cluster. */
export interface Keys {
  readonly secrets: string
  readonly older: string
  readonly names: string
  /** The channel that changes are published on. */
  readonly channel: string
}

/** What a store asks of Redis. Answers are lists of texts; `undefined` stands for what is not there. */
export interface Connection {
  /** Reads fields of the hash of live versions. */
  fields(what: string, fields: readonly string[]): Promise<(string | undefined)[]>
  /** Runs a script on the keys of the store; one that answers with a text gives a list of one. */
  run(what: string, script: Script, args: readonly string[]): Promise<(string | undefined)[]>
}

/** Gives the keys of the store with this prefix. */
export function keysOf(prefix: string): Keys {
  const tag = `{${prefix}}`
  return { secrets: `${tag}:secrets`, older: `${tag}:older`, names: `${tag}:names`, channel: `${tag}:changes` }
}

/** Makes the connection of a store. */
export function connection(send: Send, keys: Keys, timeoutMs: number): Connection {
  const { secrets, older, names } = keys
  const ask = (what: string, command: string, args: readonly string[]): Promise<unknown> =>
    within(what, timeoutMs, () => send(secrets, command, args))
  return {
    async fields(what, fields) {
      try {
        return texts(what, await ask(what, 'HMGET', [secrets, ...fields]))
      } catch (error) {
        throw redisFailure(what, error)
      }
    },
    async run(what, { sha, text }, args) {
      const rest = ['3', secrets, older, names, ...args]
      try {
        const answer = await ask(what, 'EVALSHA', [sha, ...rest]).catch((error: unknown) => {
          // Redis forgets scripts when it is restarted; one that it does not know has done nothing.
          if (codeWord(error) === 'NOSCRIPT') return ask(what, 'EVAL', [text, ...rest])
          throw error
        })
        return texts(what, Array.isArray(answer) ? answer : [answer])
      } catch (error) {
        throw redisFailure(what, error)
      }
    },
  }
}

/** Waits no longer than this: clients keep commands for as long as they are not connected. */
export async function within<T>(what: string, timeoutMs: number, act: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(noAnswer(what))
    }, timeoutMs)
  })
  try {
    return await Promise.race([act(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Clients can be told to answer with buffers. What the store keeps is text in any case. */
function texts(what: string, answer: unknown): (string | undefined)[] {
  if (!Array.isArray(answer)) throw badAnswer(what)
  return answer.map((one: unknown) => {
    if (one === null) return undefined
    if (typeof one === 'string') return one
    if (one instanceof Uint8Array) return Buffer.from(one.buffer, one.byteOffset, one.byteLength).toString()
    throw badAnswer(what)
  })
}
