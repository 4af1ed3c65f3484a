/** One host: a process with a registry, children and a cache of its own. main.ts tells it what to do. */
import { subscribe } from 'node:diagnostics_channel'
import type { SecretReadEvent } from 'latchkey'
import { close, database, deploy } from './integrations.ts'

const url = process.env['CLOUD_URL'] ?? ''
const tell = (event: string, details: object = {}): void => void process.send?.({ event, ...details })

const commands: Record<string, (argument: string) => Promise<void>> = {
  async set(token) {
    await database.set('cloud', { CLOUD_TOKEN: token })
  },
  async call() {
    tell('called', await deploy(url))
  },
  async 'keep calling'() {
    const counts: Record<string, number> = {}
    while (calling) {
      const { token } = await deploy(url).catch((error: unknown) => ({ token: String(error) }))
      counts[token] = (counts[token] ?? 0) + 1
      if (counts[token] === 1) tell('uses', { token })
    }
    tell('stopped', { counts })
  },
  async 'stop calling'() {
    calling = false
    await Promise.resolve()
  },
  /** Seals all secrets again under a new data key, and is killed once a few of them are. */
  async 'rotate and die'() {
    for (let number = 0; number < 40; number += 1) await database.set(`other-${number}`, { KEY: 'made up' })
    await database.rotateKey({ onProgress: () => process.kill(process.pid, 'SIGKILL') })
  },
  async rotate() {
    let checked = 0
    await database.rotateKey({ onProgress: (progress) => (checked = progress.checked) })
    tell('rotated', { checked })
  },
  async leave() {
    process.off('disconnect', orphaned)
    await watch?.[Symbol.asyncDispose]()
    await close()
    process.disconnect()
  },
}
let calling = true
/** Nobody is left to tell it anything. */
const orphaned = (): never => process.exit(1)
process.once('disconnect', orphaned)

// A registry with `watch: true` replaces a process whose secrets have changed, before the next call asks for it.
subscribe('latchkey:secret:read', (event) => {
  if ((event as SecretReadEvent).purpose === 'renewal') tell('renewed')
})
process.on('message', ([command = '', argument = '']: string[]) => void commands[command]?.(argument))
await database.migrate()
const watch = await database.watch?.(({ name }) => {
  if (name === 'cloud') tell('heard')
})
tell('ready')
