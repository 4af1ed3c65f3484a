/** Makes the environment of a command: the user's own, and the keys of secrets. */
import { type MissingSecret, MissingSecretsError, RegistrationError } from '../../errors.ts'
import type { Secret } from '../../secret.ts'
import type { SecretStore } from '../../store.ts'
import { assignVariables } from '../../registry/variables.ts'
import type { Wanted } from './request.ts'

/** How errors name who asks for the secrets. */
const WHO = 'latchkey run'
/** What opens the store is not for the command. */
const OWN = /^LATCHKEY_/i

/** Variables that hold keys of secrets, by name. */
export type Keys = Readonly<Record<string, string>>

/** Where and how the secrets are read. */
export interface Reading {
  readonly scope: string
  /** Reserved variables that a secret may set all the same. */
  readonly allowReserved: readonly string[]
}

/**
 * Reads the secrets in one batch, and gives the variables that hold their keys.
 *
 * @throws MissingSecretsError with every secret and key that is not there; RegistrationError ENV_COLLISION if two secrets have a
 * key of one name, RESERVED_NAME; StoreError if the store fails.
 */
export async function readKeys(
  store: Pick<SecretStore, 'getMany'>,
  wanted: readonly Wanted[],
  reading: Reading,
): Promise<Keys> {
  const { scope } = reading
  const secrets = await store.getMany(
    wanted.map(({ name, keys }) => ({ name, scope, ...(keys === undefined ? {} : { keys: [...keys] }) })),
  )
  const missing = wanted.flatMap((one, index) => missingOf(one, secrets[index], scope))
  if (missing.length > 0) {
    throw new MissingSecretsError(missing, {
      hint: 'latchkey list shows what there is; latchkey set NAME KEY adds a key.',
    })
  }
  const allowReserved = new Set(reading.allowReserved)
  const known = wanted.map(({ name, keys }, index) => {
    const { values } = secrets[index] as Secret
    return { need: { name, variable: (key: string) => key, allowReserved, values }, keys: keys ?? Object.keys(values) }
  })
  const variables = Object.create(null) as Record<string, string>
  for (const { name, need, key } of assigned(known)) variables[name] = need.values[key] ?? ''
  return variables
}

/** The user's own environment, without what opens the store, and with the keys, which win. */
export function environmentWith(keys: Keys, own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  // Without a prototype: a variable may be called __proto__.
  const environment = Object.create(null) as NodeJS.ProcessEnv
  for (const [name, value] of Object.entries(own)) if (!OWN.test(name)) environment[name] = value
  return Object.assign(environment, keys)
}

function missingOf({ name, keys }: Wanted, secret: Secret | undefined, scope: string): MissingSecret[] {
  if (secret === undefined) return [{ function: WHO, scope, secret: name }]
  const absent = (keys ?? []).filter((key) => !Object.hasOwn(secret.values, key))
  return absent.map((key) => ({ function: WHO, scope, secret: name, key }))
}

/** Assigns the variables; what a registration would do about a refusal is not what a command line does. */
function assigned(known: Parameters<typeof assignVariables<Known>>[1]): ReturnType<typeof assignVariables<Known>> {
  try {
    return assignVariables(WHO, known)
  } catch (error) {
    if (!(error instanceof RegistrationError)) throw error
    const leaveOut = 'Leave a key out by naming the others: -s NAME:KEY,KEY.'
    const hint = error.code === 'RESERVED_NAME' ? `${leaveOut} Or admit it: --allow-reserved VARIABLE.` : leaveOut
    throw new RegistrationError(error.code, error.message, { hint })
  }
}

interface Known {
  readonly name: string
  readonly variable: (key: string) => string
  readonly allowReserved: ReadonlySet<string>
  readonly values: Readonly<Record<string, string>>
}
