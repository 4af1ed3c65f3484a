/** Tests against real engines: run where there is one, named as skipped where there is none, failed where one is demanded. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/**
 * Declares tests against a real engine.
 *
 * @param name - as `REQUIRE_ENGINES` names it, e.g. `vault` in `REQUIRE_ENGINES=vault,redis`: then its absence is a failure.
 * @param engine - how it is reached; `undefined` if it is not here.
 * @param wanted - what would bring it, e.g. `VAULT_ADDR and VAULT_TOKEN`.
 */
export function describeEngine<T>(
  name: string,
  engine: T | undefined,
  wanted: string,
  body: (engine: T) => void,
): void {
  const required = (process.env['REQUIRE_ENGINES'] ?? '').split(',').map((one) => one.trim())
  if (engine !== undefined) {
    describe(`a real ${name}`, () => {
      body(engine)
    })
  } else if (required.includes(name)) {
    test(`a real ${name} is here, as REQUIRE_ENGINES demands`, () => {
      expect.fail(`needs ${wanted}`)
    })
  } else {
    test.skip(`a real ${name}: needs ${wanted}`, () => undefined)
  }
}

/** Gives environment variables by name, if all of them are set. */
export function environment<const Name extends string>(...names: Name[]): Record<Name, string> | undefined {
  const pairs = names.map((name) => [name, process.env[name]] as const)
  if (pairs.some(([, value]) => value === undefined || value === '')) return undefined
  return Object.fromEntries(pairs) as Record<Name, string>
}

/** Has one engine for all tests around it: the one at a URL, or one that is started. Its `url` is there once they run. */
export function sharedEngine(
  here: { readonly url: string } | { readonly binary: string },
  start: (binary: string) => Promise<{ readonly url: string; remove(): Promise<void> }>,
): { readonly url: string } {
  let started: Awaited<ReturnType<typeof start>> | undefined
  beforeAll(async () => {
    if ('binary' in here) started = await start(here.binary)
  })
  afterAll(() => started?.remove())
  return {
    get url() {
      return 'url' in here ? here.url : (started?.url ?? '')
    },
  }
}
