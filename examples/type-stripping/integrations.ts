/** The registered functions. Children read this file as the host does: no build, and the same flags. */
import { createRegistry, memoryStore } from 'latchkey'

/** Types that can be erased are all that Node takes: no enums, no parameter properties, and `import type` for types. */
export interface Greeting {
  readonly text: string
  readonly pid: number
  /** The flags by which the child reads TypeScript. */
  readonly loader: string | undefined
}

export const store = memoryStore()
export const registry = createRegistry({ store, missing: 'defer' })

export const greet = registry.register({ name: 'greet', secrets: ['my_github_secret'] })(
  async (word: string): Promise<Greeting> => ({
    text: `${word}, ${process.env.GH_USERNAME ?? 'nobody'}`,
    pid: process.pid,
    loader: process.execArgv.find((flag) => flag.includes('tsx')),
  }),
)
