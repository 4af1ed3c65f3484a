/** What the three integrations share. A child that runs one of them imports this file too, and finds its store closed. */
import { createRegistry, memoryStore } from 'latchkey'

/** Empty at first: main.ts puts the secrets in. In your service this is a `fileStore()`, or one of the others. */
export const store = memoryStore()
export const registry = createRegistry({ store, missing: 'defer' })

/** The names of the keys that the process of a step has. */
export function keysHere(): string[] {
  return Object.keys(process.env).filter((name) => /_(TOKEN|KEY)$/.test(name))
}
