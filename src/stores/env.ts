/** A read-only store over environment variables. */
import { createHmac, randomBytes } from 'node:crypto'
import { argumentError, StoreError } from '../errors.ts'
import { assertKey, assertSecretName } from '../secret.ts'
import type { SecretInfo } from '../secret.ts'
import type { Capabilities, ReadOptions, SecretStore } from '../store.ts'
import type { HeldSecret } from './answer.ts'
import { readVariables } from './env-variables.ts'
import type { VariableGroups } from './env-variables.ts'
import { assertOptions, closedError } from './request.ts'
import { readVerbs } from './view.ts'
import type { Shelf } from './view.ts'

/** Which variables an environment store reads. */
export interface EnvStoreOptions {
  /** The variables, by name. Default: `process.env`, as it is at the first use. */
  readonly env?: Record<string, string | undefined> | undefined
  /** True deletes from `env` every variable that was read, once all of them were understood. Default: false. */
  readonly consume?: boolean | undefined
  /**
   * Variables that exist under their own names, grouped into secrets of scope `default`, e.g.
   * `{ my_github_secret: ['GH_ACCESS_TOKEN', 'GH_USERNAME'] }`. Default: none. A variable that is not set is a key that
   * the secret does not have.
   */
  readonly map?: Readonly<Record<string, readonly string[]>> | undefined
}

/** A read-only store that describes at once. */
export interface EnvStore extends SecretStore {
  describe(name: string, options?: ReadOptions): SecretInfo | undefined
  scopes(): AsyncIterable<string>
}

const NAME = 'env'
const CAPABILITIES: Capabilities = Object.freeze({
  write: false,
  cas: false,
  history: false,
  watch: false,
  list: true,
  syncDescribe: true,
})
/** Versions come from values, so they are made under a key that leaves no way back, and that no other process has. */
const VERSION_KEY = /* @__PURE__ */ randomBytes(32)

/**
 * Makes a read-only store of what the environment holds. It is read once, at the first use.
 *
 * - `LATCHKEY_SECRET__name__KEY` is one pair of a secret in scope `default`.
 * - `LATCHKEY_SECRETS` is a JSON object `{ scope: { name: { KEY: value } } }`.
 * - `map` groups variables that exist under their own names.
 *
 * The first use throws StoreError INVALID or TOO_LARGE, naming variables, if one of them cannot be understood or if two
 * give the same pair; nothing is consumed then.
 *
 * @throws TypeError UNKNOWN_OPTION, INVALID_OPTION, or INVALID_NAME for a bad name in `map`.
 * @example
 * ```ts
 * const store = envStore({ env: { LATCHKEY_SECRET__my_datadog_secret__DATADOG_API_KEY: 'from a test' } })
 * store.describe('my_datadog_secret')?.keys // ['DATADOG_API_KEY']
 * ```
 */
export function envStore(options: EnvStoreOptions = {}): EnvStore {
  assertOptions('envStore', options, ['env', 'consume', 'map'])
  const { env, consume } = checkedSource(options)
  const groups = checkedMap(options.map)
  let shelf: Shelf<HeldSecret> | undefined
  let closed = false

  const open = (): Shelf<HeldSecret> => {
    if (closed) throw closedError(NAME)
    shelf ??= load(env ?? process.env, groups, consume)
    return shelf
  }

  const store: EnvStore = {
    name: NAME,
    capabilities: CAPABILITIES,
    ...readVerbs(open, (held) => held),

    // eslint-disable-next-line @typescript-eslint/require-await -- the contract's close is awaited
    async close() {
      closed = true
      shelf = undefined
    },

    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}

function load(env: Record<string, string | undefined>, groups: VariableGroups, consume: boolean): Shelf<HeldSecret> {
  const { secrets, variables } = readVariables(env, groups)
  const shelf = new Map<string, Map<string, HeldSecret>>()
  for (const { scope, name, values } of secrets) {
    const names = shelf.get(scope) ?? new Map<string, HeldSecret>()
    names.set(name, { scope, name, values, version: versionOf(scope, name, values) })
    shelf.set(scope, names)
  }
  // Only after everything was understood: a variable that cannot be read must still be there to be mended.
  if (consume) for (const variable of variables) remove(env, variable)
  return shelf
}

function versionOf(scope: string, name: string, values: HeldSecret['values']): string {
  const pairs = Object.keys(values)
    .sort()
    .map((key) => [key, values[key]])
  return createHmac('sha256', VERSION_KEY)
    .update(JSON.stringify([scope, name, pairs]))
    .digest('base64url')
}

function remove(env: Record<string, string | undefined>, variable: string): void {
  if (Reflect.deleteProperty(env, variable)) return
  throw new StoreError('READ_ONLY', `${variable} cannot be deleted from env, which consume asks for.`, { store: NAME })
}

function checkedSource(options: EnvStoreOptions): { env: EnvStoreOptions['env']; consume: boolean } {
  const { env, consume } = options as { env?: unknown; consume?: unknown }
  if (env !== undefined && (typeof env !== 'object' || env === null || Array.isArray(env))) {
    throw argumentError('INVALID_OPTION', 'envStore: env must be an object of variables.')
  }
  if (consume !== undefined && typeof consume !== 'boolean') {
    throw argumentError('INVALID_OPTION', 'envStore: consume must be true or false.')
  }
  return { env: options.env, consume: consume ?? false }
}

function checkedMap(map: unknown): VariableGroups {
  const groups = new Map<string, readonly string[]>()
  if (map === undefined) return groups
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw argumentError('INVALID_OPTION', 'envStore: map must be { name: [variables] }.')
  }
  for (const [name, variables] of Object.entries(map as Record<string, unknown>)) {
    assertSecretName(name)
    if (!Array.isArray(variables) || variables.length === 0) {
      throw argumentError('INVALID_OPTION', `envStore: map gives ${name} no list of variables.`)
    }
    const checked = variables.map((variable: unknown) => {
      assertKey(variable)
      return variable
    })
    if (new Set(checked).size < checked.length) {
      throw argumentError('INVALID_OPTION', `envStore: map gives ${name} the same variable twice.`)
    }
    groups.set(name, checked)
  }
  return groups
}
