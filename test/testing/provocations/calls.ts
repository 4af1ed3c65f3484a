/** The errors of calls: of what is missing, of arguments, and of processes. */
import { createRegistry, type Registry, type RegistryOptions } from 'latchkey'
import type { InputErrorCode, WorkerErrorCode } from 'latchkey/errors'
import type { LeakProbe } from 'latchkey/testing'
import { z } from 'zod'
import * as paths from '../../fixtures/testing/paths.mjs'
import { planted, stored } from '../planted.ts'
import type { Provocations } from './provocation.ts'

export const MISSING: Provocations<'MISSING_SECRETS'> = {
  MISSING_SECRETS: {
    'no secret in the scope': async (probe) => {
      await planted(probe)
      return paths.succeeds.with({ scope: 'nothing' })()
    },
    'a secret without the key, at registration': (probe) => {
      const secrets = [{ name: 'api', keys: ['TOKEN', 'OTHER'] }]
      return createRegistry({ store: stored(probe) }).register({ name: 'f', secrets })(() => 1)
    },
  },
}

export const INPUTS: Provocations<InputErrorCode> = {
  INVALID_INPUT: {
    'a schema that quotes what it was given': (probe) => {
      const input = z.strictObject({ repo: z.string().refine(() => false, { error: ({ input }) => String(input) }) })
      const call = inline(probe).register({ name: 'f', input })(() => 1)
      return call({ repo: probe.canary('argument'), [probe.canary('argument')]: 1 })
    },
    'a schema that throws what it was given': (probe) => {
      const validate = (value: unknown): never => {
        throw new Error(String(value))
      }
      const input = { '~standard': { version: 1, vendor: 'own', validate } } as const
      return inline(probe).register({ name: 'f', input })(() => 1)(probe.canary('argument'))
    },
  },
  NOT_CLONEABLE: {
    'an argument that holds a function': (probe) =>
      inline(probe).register({ name: 'f' })((value: unknown) => value)({
        token: probe.canary('argument'),
        [probe.canary('argument')]: () => probe.canary('argument'),
      }),
  },
}

export const WORKERS: Provocations<WorkerErrorCode> = {
  WORKER_CRASHED: {
    'an unhandled rejection': async (probe) => paths.crashes.with(await planted(probe))(),
    'an exit': async (probe) => paths.exits.with(await planted(probe))(),
  },
  WORKER_START_TIMEOUT: {
    'a module that never ends': (probe) =>
      withModule(probe, 'waiting.mjs', { pool: { startTimeoutMs: 1_500 } }, (call) => call()),
  },
  WORKER_START_FAILED: {
    'a module that exits': async (probe) => paths.exitsAtImport.with(await planted(probe))(),
  },
  WORKER_PROTOCOL: {
    'replies that are forged': async (probe) => paths.forges.with(await planted(probe))(),
  },
  CALL_TIMEOUT: {
    'a call that never ends': async (probe) => paths.hangs.with({ ...(await planted(probe)), timeoutMs: 1_500 })(),
  },
  QUEUE_FULL: {
    'a call while the only place in the queue is taken': (probe) =>
      withModule(probe, 'waiting.mjs', { pool: { maxProcesses: 1, maxQueue: 1 } }, async (call) => {
        const calls = Array.from({ length: 3 }, () => call(probe.canary('argument')))
        return await Promise.race(calls)
      }),
  },
  REGISTRY_CLOSED: {
    'a call after the end': async (probe) => {
      const registry = inline(probe)
      const call = registry.register({ name: 'f', secrets: ['api'] })((value: string) => value)
      await registry.close()
      return call(probe.canary('argument'))
    },
    'the end in the middle of a call': (probe) =>
      withModule(probe, 'waiting.mjs', {}, async (call, registry, printed) => {
        const pending = call(probe.canary('argument'))
        await Promise.race([printed, pending])
        await registry.close()
        return await pending
      }),
  },
  NOT_CLONEABLE: {
    'a function as the result': async (probe) => paths.returnsFunction.with(await planted(probe))(),
  },
  RESULT_REFUSED: {
    'a result that holds the value': async (probe) => paths.refused.with(await planted(probe))(),
    'a result that holds the value, inline': async (probe) =>
      paths.refused.with({ ...(await planted(probe)), isolation: 'inline' })(),
  },
}

function inline(probe: LeakProbe): Registry {
  return createRegistry({ store: stored(probe), isolation: 'inline' })
}

/** Registers a function of another module, and closes the registry behind it. `printed` resolves once it wrote a line. */
async function withModule<T>(
  probe: LeakProbe,
  module: string,
  options: Partial<RegistryOptions>,
  use: (call: (value?: string) => Promise<unknown>, registry: Registry, printed: Promise<void>) => Promise<T>,
): Promise<T> {
  let onPrinted = (): void => undefined
  const printed = new Promise<void>((resolve) => (onPrinted = resolve))
  await using registry = createRegistry({
    ...options,
    store: stored(probe),
    graceMs: 50,
    onLog: (line) => {
      paths.lines.push(line)
      onPrinted()
    },
  })
  const url = new URL(`../../fixtures/testing/${module}`, import.meta.url)
  const call = registry.register({ name: 'f', secrets: ['api'], module: url })((value?: string) => value)
  return await use(call, registry, printed)
}
