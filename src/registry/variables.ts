/** Which variable holds which key of which secret, for one registration. */
import { RegistrationError } from '../errors.ts'
import type { Needed } from './requirement.ts'
import { isReserved } from './reserved-names.ts'

/** What of a requirement says which variables it sets. */
export type Assigned = Pick<Needed, 'name' | 'variable' | 'allowReserved'>

/** One variable of a call's environment. */
export interface Variable<Need extends Assigned = Needed> {
  readonly name: string
  readonly need: Need
  readonly key: string
}

/**
 * Assigns a variable to each key.
 *
 * @param fn - the registered function's name, for messages.
 * @param known - for each requirement the keys to inject; a requirement whose keys are not known is left out.
 * @throws RegistrationError ENV_COLLISION if two keys would set the same variable, RESERVED_NAME.
 */
export function assignVariables<Need extends Assigned>(
  fn: string,
  known: readonly { need: Need; keys: readonly string[] }[],
): Variable<Need>[] {
  const taken = new Map<string, Variable<Need>>()
  for (const { need, keys } of known) {
    for (const key of keys) {
      const variable = { name: need.variable(key), need, key }
      refuseReserved(fn, variable)
      // Windows knows one variable where other systems know two.
      const identity = process.platform === 'win32' ? variable.name.toUpperCase() : variable.name
      const other = taken.get(identity)
      if (other !== undefined) throw collision(fn, other, variable)
      taken.set(identity, variable)
    }
  }
  return [...taken.values()]
}

function refuseReserved(fn: string, { name, need, key }: Variable<Assigned>): void {
  if (!isReserved(name) || need.allowReserved.has(name)) return
  throw new RegistrationError(
    'RESERVED_NAME',
    `${fn}: key ${key} of secret ${need.name} would set ${name}, which changes how a process itself runs.`,
    {
      hint: `Rename it with env: { ${key}: '…' }, leave it out with keys, or admit it with allowReserved: ['${name}'].`,
    },
  )
}

function collision(fn: string, first: Variable<Assigned>, second: Variable<Assigned>): RegistrationError {
  return new RegistrationError(
    'ENV_COLLISION',
    `${fn}: key ${first.key} of secret ${first.need.name} and key ${second.key} of secret ${second.need.name} would both set ${second.name}.`,
    { hint: 'Rename one of them with env or prefix, or leave one out with keys.' },
  )
}
