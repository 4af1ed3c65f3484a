/** What the code of a running call may know of it (`latchkey/call`). */
import { RegistrationError } from './errors.ts'
import type { KeyValue, SecretDefinition } from './secret.ts'
import { type CurrentCall as Call, runningCall } from './worker/table.ts'

/** The secrets of a call, typed by their definitions: for each key of a definition, what its schema gives. */
export type DefinedSecrets<D extends readonly SecretDefinition[]> = {
  readonly [S in D[number] as S['name']]: { readonly [K in keyof S['schemas']]: KeyValue<S['schemas'][K]> }
}

/** The call that the running code belongs to. */
export interface CurrentCall<Secrets = Call['secrets']> extends Omit<Call, 'secrets'> {
  readonly secrets: Secrets
}

/**
 * Tells which call the running code belongs to: name, scope, partition, `signal`, and the call's secrets, for code that
 * prefers not to read `process.env`. It works across `await`, in timers and in callbacks that the call has set off.
 *
 * @param definitions - the definitions of secrets that the function requires; they type `secrets`.
 * @throws RegistrationError NO_CURRENT_CALL outside of a call, and if the call was not given a key that a definition has.
 * @example
 * ```ts
 * const github = defineSecret('my_github_secret', { GH_ACCESS_TOKEN: z.string() })
 * registry.register({ name: 'whoami', secrets: [github] })(async () => {
 *   const { secrets, signal } = currentCall(github)
 *   return fetch(url, { signal, headers: { authorization: `Bearer ${secrets.my_github_secret.GH_ACCESS_TOKEN}` } })
 * })
 * ```
 */
export function currentCall<const D extends readonly SecretDefinition[] = []>(
  ...definitions: D
): CurrentCall<D extends readonly [] ? Call['secrets'] : DefinedSecrets<D>> {
  const call = runningCall()
  if (call === undefined) {
    throw new RegistrationError(
      'NO_CURRENT_CALL',
      'currentCall() was called outside of a call of a registered function.',
      {
        hint: 'Call it in the function, not at the top level of its module.',
      },
    )
  }
  for (const { name, schemas } of definitions) {
    const values = call.secrets[name]
    if (values === undefined) {
      throw new RegistrationError('NO_CURRENT_CALL', `${call.name} was not given the secret ${name}.`, {
        hint: 'Name it in register({ secrets }); an optional secret that is absent is not there to be read.',
      })
    }
    const lacking = Object.keys(schemas).find((key) => !(key in values))
    if (lacking === undefined) continue
    throw new RegistrationError('NO_CURRENT_CALL', `${call.name} was not given the key ${lacking} of secret ${name}.`, {
      hint: 'Require it; or read what may be absent from currentCall().secrets, which says nothing of keys.',
    })
  }
  return call as CurrentCall<D extends readonly [] ? Call['secrets'] : DefinedSecrets<D>>
}
