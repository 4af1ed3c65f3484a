/** The errors of stores. */
import { chmodSync, closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createRegistry, defineSecret, envStore, fileStore, memoryStore, typedStore } from 'latchkey'
import type { FileStore, FileStoreOptions } from 'latchkey'
import type { StoreErrorCode } from 'latchkey/errors'
import { pemPrivateKey } from 'latchkey/schemas'
import type { LeakProbe } from 'latchkey/testing'
import { z } from 'zod'
import { answeringStore, infoOf } from '../../helpers/stores.ts'
import { planted, stored } from '../planted.ts'
import { usesStore } from '../../fixtures/testing/paths.mjs'
import { canaryValues, privateFolder, type Provocations, watchedFolder } from './provocation.ts'

export const STORES: Provocations<StoreErrorCode> = {
  UNAVAILABLE: {
    'a folder that is not there': (probe) => {
      const options = { path: join(watchedFolder(), 'none', 'store.latchkey'), key: probe.canary('key') }
      return inFile(options, (store) => store.set('api', canaryValues(probe)))
    },
    'a key wrapper that fails, and says why': async (probe) => {
      const { path } = await written(probe, [wrapper(), { key: probe.canary('key') }])
      const unwrap = () => Promise.reject(new Error(probe.canary('token'), { cause: canaryValues(probe) }))
      return read({ path, keys: [{ ...wrapper(), unwrap }] })
    },
  },
  DENIED: {
    'a key file that others may read': async (probe) => {
      const { path } = await written(probe)
      const keyFile = join(privateFolder(), 'a.key')
      writeFileSync(keyFile, probe.canary('key'))
      chmodSync(keyFile, 0o644)
      return read({ path, keyFile })
    },
    'a store that others may write': async (probe) => {
      const options = await written(probe)
      chmodSync(options.path, 0o666)
      return inFile(options, (store) => store.set('api', canaryValues(probe)))
    },
  },
  CORRUPT: {
    'a plain file of variables in its place': (probe) => {
      const path = join(privateFolder(), 'store.latchkey')
      writeFileSync(path, `TOKEN=${probe.canary('token')}\n`, { mode: 0o600 })
      return read({ path, key: probe.canary('key') })
    },
    'a file that was changed in place': async (probe) => {
      const options = await written(probe)
      const fd = openSync(options.path, 'r+')
      writeSync(fd, 'x', 100)
      closeSync(fd)
      return read(options)
    },
  },
  CONFLICT: {
    'another version in memory': (probe) =>
      stored(probe).set('api', canaryValues(probe), { ifVersion: probe.canary('other value') }),
    'a secret that exists in a file': async (probe) => {
      const options = await written(probe)
      return inFile(options, (store) => store.set('api', canaryValues(probe), { ifVersion: null }))
    },
  },
  READ_ONLY: {
    'a file that its owner may not write': async (probe) => {
      const options = await written(probe)
      chmodSync(options.path, 0o400)
      return inFile(options, (store) => store.set('api', canaryValues(probe)))
    },
    'an environment that cannot be consumed': (probe) => {
      const env = Object.freeze({ LATCHKEY_SECRET__api__TOKEN: probe.canary('token') })
      return envStore({ env, consume: true }).get('api')
    },
  },
  INVALID: {
    'a value that holds NUL': (probe) => stored(probe).set('api', { TOKEN: `${probe.canary('token')}\0` }),
    'a value that is an object': (probe) => stored(probe).set('api', { TOKEN: canaryValues(probe) as never }),
    'a variable that is no JSON': (probe) =>
      envStore({ env: { LATCHKEY_SECRETS: `{"default": ${probe.canary('token')}` } }).get('api'),
    'a variable whose JSON has another shape': (probe) =>
      envStore({ env: { LATCHKEY_SECRETS: JSON.stringify({ default: { api: [probe.canary('token')] } }) } }).get('api'),
    'a version that is not kept': async (probe) => {
      const options = await written(probe)
      return inFile(options, (store) => store.rollback('api', probe.canary('token')))
    },
  },
  TOO_LARGE: {
    'in memory': (probe) => stored(probe).set('api', { TOKEN: probe.canary('token').repeat(40_000) }),
    'in a file': async (probe) => {
      const large = { TOKEN: probe.canary('token').repeat(40_000) }
      return inFile(await written(probe), (store) => store.set('api', large))
    },
  },
  CLOSED: {
    'in memory': async (probe) => {
      const store = stored(probe)
      await store.close()
      return store.set('api', canaryValues(probe))
    },
    'in a file': async (probe) => {
      const store = fileStore(await written(probe))
      await store.get('api')
      await store.close()
      return store.get('api')
    },
  },
  STORE_IN_CHILD: {
    'a function that writes its secret': async (probe) => usesStore.with(await planted(probe))(),
  },
  STORE_FAILED: {
    'a store that throws the value, in a call': (probe) => {
      const getMany = () => Promise.reject(sdkError(probe))
      return called(answeringStore({ getMany }))
    },
    'a store that throws the value, at registration': (probe) => {
      const describe = () => {
        throw sdkError(probe)
      }
      return called(answeringStore({ describe }))
    },
    'a function for stores that throws the value': (probe) =>
      called(() => {
        throw sdkError(probe)
      }),
  },
  INVALID_SECRET_VALUE: {
    'a value that its definition does not take, read': (probe) => {
      const refused = z.string().refine(() => false, { error: ({ input }) => String(input) })
      return typedStore(stored(probe)).get(defineSecret('api', { TOKEN: refused }))
    },
    'a value that its definition does not take, written': (probe) => {
      const api = defineSecret('api', { TOKEN: pemPrivateKey() })
      return typedStore(memoryStore()).set(api, { TOKEN: probe.canary('token') })
    },
    'a schema that has the value for a path and a code': (probe) => {
      const validate = (value: unknown) => ({
        issues: [{ message: String(value), path: [value, { key: value }], code: value }],
      })
      const api = defineSecret('api', { TOKEN: { '~standard': { version: 1, vendor: 'own', validate } } })
      return typedStore(stored(probe)).get(api)
    },
  },
  BAD_ANSWER: {
    'a value that is no string': (probe) => {
      const values = { TOKEN: [probe.canary('token')] as never }
      return called(answeringStore({ getMany: () => [{ name: 'api', scope: 'default', version: '1', values }] }))
    },
    'too many answers': (probe) => {
      const secret = { name: 'api', scope: 'default', version: '1', values: canaryValues(probe) }
      return called(answeringStore({ getMany: () => [secret, secret] }))
    },
    'a description that holds the value': (probe) => {
      const info = { ...infoOf('api'), keys: canaryValues(probe) }
      return called(answeringStore({ describe: () => info }))
    },
  },
  KEY_MISSING: {
    'no key at all': async (probe) => read({ path: (await written(probe)).path }),
    'no such key file': async (probe) => {
      const { path } = await written(probe)
      return read({ path, keyFile: join(privateFolder(), 'none.key') })
    },
  },
  KEY_FORMAT: {
    'a key that is none': async (probe) => read({ path: (await written(probe)).path, key: probe.canary('token') }),
    'a key that was cut': async (probe) => {
      return read({ path: (await written(probe)).path, key: probe.canary('key').slice(0, -1) })
    },
    'a key file of something else': async (probe) => {
      const { path } = await written(probe)
      const keyFile = join(privateFolder(), 'a.key')
      writeFileSync(keyFile, probe.canary('token'), { mode: 0o600 })
      return read({ path, keyFile })
    },
  },
  KEY_WRONG: {
    'the key of another store': async (probe) => {
      return read({ path: (await written(probe)).path, key: probe.canary('other key') })
    },
    'a pass phrase': async (probe) => read({ path: (await written(probe)).path, passphrase: probe.canary('token') }),
  },
  ROLLED_BACK: {
    'an older file in its place': async (probe) => {
      const options = await written(probe)
      const older = readFileSync(options.path)
      return inFile(options, async (store) => {
        await store.set('api', canaryValues(probe))
        replace(options.path, older)
        await store.set('api', canaryValues(probe))
      })
    },
  },
  FORKED: {
    'the file of another history in its place': async (probe) => {
      const options = await written(probe)
      const other = await written(probe)
      return inFile(options, async (store) => {
        await store.get('api')
        replace(options.path, readFileSync(other.path))
        await store.get('api')
      })
    },
  },
}

/** What a careless SDK throws. */
function sdkError(probe: LeakProbe): Error {
  const error = new TypeError(`refused ${probe.canary('token')}`, { cause: new Error(probe.canary('token')) })
  return Object.assign(error, { code: probe.canary('token'), config: { headers: canaryValues(probe) } })
}

/** Registers a function that needs a secret of the store, and calls it. */
async function called(store: Parameters<typeof createRegistry>[0]['store']): Promise<unknown> {
  await using registry = createRegistry({ store, isolation: 'inline' })
  return await registry.register({ name: 'f', secrets: ['api'] })(() => process.env['TOKEN'])()
}

function wrapper() {
  const reverse = (bytes: Uint8Array): Uint8Array => Buffer.from(bytes).reverse()
  return { id: 'test/reverse', wrap: reverse, unwrap: reverse }
}

type Opening = FileStoreOptions & { readonly path: string }

/** Makes a store file that holds the canary, and gives how to open it. */
async function written(
  probe: LeakProbe,
  keys: NonNullable<FileStoreOptions['keys']> = [{ key: probe.canary('key') }],
): Promise<Opening> {
  const options = { path: join(watchedFolder(), 'store.latchkey'), keys }
  await inFile(options, (store) => store.set('api', canaryValues(probe)))
  return options
}

async function inFile<T>(options: FileStoreOptions, use: (store: FileStore) => Promise<T>): Promise<T> {
  await using store = fileStore(options)
  return await use(store)
}

function read(options: FileStoreOptions): Promise<unknown> {
  return inFile(options, (store) => store.get('api'))
}

function replace(path: string, bytes: Buffer): void {
  writeFileSync(`${path}.new`, bytes, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
