/** Starts hosts, and waits for what they tell. */
import { fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** What a host tells: an event, and its details. */
export interface Told {
  readonly event: string
  readonly token?: string
  readonly pid?: number
  readonly checked?: number
  readonly counts?: Readonly<Record<string, number>>
}

export function startHost(name: string, env: NodeJS.ProcessEnv) {
  const child = fork(fileURLToPath(new URL('host.ts', import.meta.url)), { env })
  const told: Told[] = []
  const more = new EventEmitter()
  const tell = (message: Told): void => {
    told.push(message)
    more.emit('more')
  }
  child.on('message', tell)
  child.on('exit', () => {
    tell({ event: 'ended' })
  })
  return {
    name,
    child,
    do: (command: string, argument = ''): void => void child.send([command, argument]),
    /** Takes the first such event that nobody has taken yet, once it is told. */
    async next(event: string): Promise<Told> {
      for (;;) {
        const found = told.find((message) => message.event === event)
        if (found !== undefined) {
          told.splice(told.indexOf(found), 1)
          return found
        }
        if (told.some((message) => message.event === 'ended'))
          throw new Error(`${name} ended before it told "${event}"`)
        await once(more, 'more')
      }
    },
  }
}
