/** The errors of wrong arguments. */
import { createRegistry, envStore, fileStore, memoryStore, resolveTemplate } from 'latchkey'
import type { ArgumentErrorCode } from 'latchkey/errors'
import { createRedactor } from 'latchkey/redact'
import { probeLeaks } from 'latchkey/testing'
import { stored } from '../planted.ts'
import { canaryValues, type Provocations } from './provocation.ts'

export const ARGUMENTS: Provocations<ArgumentErrorCode> = {
  UNKNOWN_OPTION: {
    'of createRegistry': (probe) => createRegistry({ store: stored(probe), secrets: canaryValues(probe) } as never),
    'of register': (probe) =>
      createRegistry({ store: stored(probe) }).register({ values: canaryValues(probe) } as never),
    'of fileStore': (probe) => fileStore({ secret: probe.canary('key') } as never),
    'of set': (probe) => stored(probe).set('api', canaryValues(probe), { values: canaryValues(probe) } as never),
    'of resolveTemplate': (probe) =>
      resolveTemplate('', { SECRETS: stored(probe) }, { secrets: canaryValues(probe) } as never),
  },
  INVALID_OPTION: {
    'of createRegistry': (probe) => createRegistry({ store: canaryValues(probe) as never }),
    'of createRegistry, deep inside': (probe) =>
      createRegistry({ store: stored(probe), pool: { maxQueue: probe.canary('token') as never } }),
    'of register': (probe) =>
      createRegistry({ store: stored(probe) }).register({ isolation: probe.canary('token') as never }),
    'of a call': (probe) => {
      const call = createRegistry({ store: stored(probe) }).register({ name: 'f', secrets: ['api'] })(() => 1)
      return call.with({ timeoutMs: probe.canary('token') as never })
    },
    'of memoryStore': (probe) => memoryStore(probe.canary('token') as never),
    'of envStore': (probe) => envStore({ env: [probe.canary('token')] as never }),
    'of fileStore': (probe) => fileStore({ keys: [{ key: canaryValues(probe) as never }] }),
    'of set': (probe) => stored(probe).set('api', canaryValues(probe), { mode: probe.canary('token') as never }),
    'of resolveTemplate': (probe) =>
      resolveTemplate('{{ SECRETS.api.TOKEN }}', { SECRETS: probe.canary('token') as never }),
    'of createRedactor': (probe) => createRedactor([probe.canary('token'), canaryValues(probe) as never]),
    'of createRedactor, as a whole': (probe) => createRedactor(canaryValues(probe) as never),
    'of redact': (probe) => createRedactor([probe.canary('token')]).redact([probe.canary('token')] as never),
    'of forget': (probe) => {
      createRedactor([probe.canary('token')]).forget([probe.canary('token')], probe.canary('token') as never)
    },
    'of probeLeaks': (probe) =>
      probeLeaks(() => probe.canary('token'), { canaries: { token: probe.canary('token').slice(0, 11) } }),
  },
  INVALID_NAME: {
    'of a secret': (probe) => stored(probe).set('bad name', canaryValues(probe)),
    'of a key': (probe) => stored(probe).getMany([{ name: 'api', keys: ['bad key'] }]),
    'of a scope': (probe) => stored(probe).set('api', canaryValues(probe), { scope: 'bad scope' }),
  },
}
