/** The errors of registrations. */
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { createRegistry, defineSecret, memoryStore, type Registry } from 'latchkey'
import { currentCall } from 'latchkey/call'
import type { RegistrationErrorCode } from 'latchkey/errors'
import type { LeakProbe } from 'latchkey/testing'
import { z } from 'zod'
import { collectRegistries } from '../../../src/registry/collect.ts'
import * as paths from '../../fixtures/testing/paths.mjs'
import { WITHOUT_TYPES } from '../../helpers/host.ts'
import { planted, stored } from '../planted.ts'
import { bundledHost, inHost, typedModule } from './hosts.ts'
import { canaryValues, type Provocations } from './provocation.ts'

const EMPTY = fileURLToPath(new URL('../../fixtures/testing/empty.mjs', import.meta.url))

export const REGISTRATIONS: Provocations<RegistrationErrorCode> = {
  NAMELESS_FUNCTION: {
    'an arrow function': (probe) => registryOf(probe).register({ secrets: ['api'] })(() => probe.canary('token')),
  },
  DUPLICATE_NAME: {
    'two functions': (probe) => {
      const register = registryOf(probe).register({ name: 'f', secrets: ['api'] })
      register(() => probe.canary('token'))
      register(() => probe.canary('token'))
    },
  },
  UNKNOWN_FUNCTION: {
    'a call by name': (probe) => registryOf(probe).call('none', [probe.canary('argument')]),
  },
  ENV_COLLISION: {
    'two secrets with the same key, at registration': (probe) => {
      const store = memoryStore({ api: { TOKEN: probe.canary('token') }, other: { TOKEN: probe.canary('token') } })
      return createRegistry({ store }).register({ name: 'f', secrets: ['api', 'other'] })(() => 1)
    },
    'two secrets with the same key, at the call': async (probe) => {
      const store = memoryStore({ api: { TOKEN: probe.canary('token') }, other: { TOKEN: probe.canary('other') } })
      const registry = createRegistry({ store, missing: 'defer', isolation: 'inline' })
      return registry.register({ name: 'f', secrets: ['api', 'other'] })(() => 1)()
    },
  },
  RESERVED_NAME: {
    'a key that would set NODE_OPTIONS': (probe) => {
      const store = memoryStore({ api: { NODE_OPTIONS: probe.canary('token') } })
      return createRegistry({ store }).register({ name: 'f', secrets: ['api'] })(() => 1)
    },
  },
  INVALID_SECRET_VALUE: {
    'a schema that quotes the value': (probe) => {
      const refused = z.string().refine(() => false, { error: ({ input }) => String(input) })
      const secrets = [defineSecret('api', { TOKEN: refused })]
      return inline(probe).register({ name: 'f', secrets })(() => 1)()
    },
    'a schema that throws the value': (probe) => {
      const validate = (value: unknown): never => {
        throw new Error(String(value))
      }
      const secrets = [defineSecret('api', { TOKEN: { '~standard': { version: 1, vendor: 'own', validate } } })]
      return inline(probe).register({ name: 'f', secrets })(() => 1)()
    },
  },
  DECORATOR_TARGET: {
    'a class that holds the value': (probe) => {
      const register = registryOf(probe).register({ name: 'f', secrets: ['api'] })
      return register(
        class Client {
          static readonly token = probe.canary('token')
          readonly token = probe.canary('token')
        } as never,
      )
    },
    'a legacy decorator': (probe) => {
      const register = registryOf(probe).register({ name: 'f', secrets: ['api'] })
      const method = { value: () => probe.canary('token') }
      return Reflect.apply<unknown, unknown[], unknown>(register, undefined, [canaryValues(probe), 'm', method])
    },
  },
  MODULE_UNKNOWN: {
    'code that was evaluated': (probe) => {
      const register = registryOf(probe).register({ name: 'f', secrets: ['api'] })
      const call = vm.runInNewContext('register(() => 1)', { register }, { filename: 'evaluated' }) as () => unknown
      return call()
    },
  },
  MAIN_MODULE: {
    'a host that registers its own main module': (probe) => inHost(probe),
  },
  BUNDLED: {
    'a host in one file with the library': async (probe) => {
      return inHost(probe, { host: await bundledHost(), module: EMPTY })
    },
  },
  TS_NEEDS_LOADER: {
    'a module of TypeScript that nothing reads': (probe) =>
      inHost(probe, { flags: WITHOUT_TYPES, module: typedModule() }),
  },
  MODULE_FAILED: {
    'a module that throws the value': async (probe) => paths.throwsAtImport.with(await planted(probe))(),
  },
  NOT_REGISTERED_IN_CHILD: {
    'a module without the function': async (probe) => paths.notThere.with(await planted(probe))(),
  },
  NESTED_CALL: {
    'a function that calls another': async (probe) => paths.nests.with(await planted(probe))(),
    'a function that calls another, inline': async (probe) =>
      paths.nests.with({ ...(await planted(probe)), isolation: 'inline' })(),
  },
  COLLECTING: {
    'a call while a process only collects': async (probe) => {
      const collecting = collectRegistries()
      try {
        const f = registryOf(probe).register({ name: 'f', secrets: ['api'] })((text: string) => text)
        await f(probe.canary('argument'))
      } finally {
        collecting.stop()
      }
    },
  },
  INLINE_IN_PRODUCTION: {
    'NODE_ENV is production': async (probe) => {
      const before = process.env['NODE_ENV']
      process.env['NODE_ENV'] = 'production'
      try {
        return await paths.fails.with({ ...(await planted(probe)), isolation: 'inline' })()
      } finally {
        if (before === undefined) delete process.env['NODE_ENV']
        else process.env['NODE_ENV'] = before
      }
    },
  },
  NO_CURRENT_CALL: {
    'outside of a call': (probe) => {
      stored(probe)
      return currentCall(defineSecret('api', { TOKEN: z.literal(probe.canary('token')) }))
    },
    'in a function that asks for another secret': async (probe) => paths.asksForAnother.with(await planted(probe))(),
  },
  UNSUPPORTED: {
    'another user, in a host that is not root': (probe) =>
      inHost(probe, { module: EMPTY, unprivileged: true, options: { uid: 1 } }),
  },
}

function registryOf(probe: LeakProbe): Registry {
  return createRegistry({ store: stored(probe) })
}

function inline(probe: LeakProbe): Registry {
  return createRegistry({ store: stored(probe), isolation: 'inline', missing: 'defer' })
}
