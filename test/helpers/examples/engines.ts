/** The engines that an example can ask for: found as the tests find them, or started, or told to be missing. */

/** One that runs. */
interface Started {
  readonly url: string
  remove(): Promise<void>
}

interface Engine {
  /** The variable in which an example gets its address. */
  readonly variable: string
  /** What would bring it. */
  readonly wanted: string
  /** Gives it running; `undefined` if it is not here. */
  start(): Promise<Started | undefined>
}

/** The address and the end of one that somebody else has started. */
const running = (url: string): Started => ({ url, remove: () => Promise.resolve() })

// Their modules load clients: only when an example asks for one.
const ENGINES: Readonly<Record<string, Engine>> = {
  postgres: {
    variable: 'POSTGRES_URL',
    wanted: 'TEST_POSTGRES_URL, or PostgreSQL installed',
    async start() {
      const { postgresHere, startPostgres } = await import('../engines/postgres.ts')
      const here = postgresHere()
      return here && ('url' in here ? running(here.url) : startPostgres(here.folder))
    },
  },
  redis: {
    variable: 'REDIS_URL',
    wanted: 'TEST_REDIS_URL, or redis-server on PATH',
    async start() {
      const { redisHere, startRedis } = await import('../engines/redis.ts')
      const here = redisHere()
      return here && ('url' in here ? running(here.url) : startRedis(here.binary))
    },
  },
}

/** Engines that run, or the one that does not. */
export type Running =
  | { readonly missing: string; readonly wanted: string }
  | { readonly env: Readonly<Record<string, string>>; remove(): Promise<void> }

/** Starts what an example needs, and tells in which variables it finds them. */
export async function startEngines(names: readonly string[]): Promise<Running> {
  const started: Started[] = []
  const env: Record<string, string> = {}
  const remove = async (): Promise<void> => {
    await Promise.all(started.map((engine) => engine.remove()))
  }
  for (const name of names) {
    const engine = ENGINES[name]
    if (engine === undefined)
      throw new RangeError(`No engine is called ${name}; there are: ${Object.keys(ENGINES).join(', ')}.`)
    const one = await engine.start()
    if (one === undefined) {
      await remove()
      return { missing: name, wanted: engine.wanted }
    }
    started.push(one)
    env[engine.variable] = one.url
  }
  return { env, remove }
}

/** Whether the absence of an engine is a failure: `REQUIRE_ENGINES=redis,postgres`. */
export function isRequired(name: string, list: string | undefined): boolean {
  return (list ?? '').split(',').some((one) => one.trim() === name)
}
