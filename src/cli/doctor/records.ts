/** Looks whether a store opens, and whether every secret in it does. */
import { isLatchkeyError } from '../../errors.ts'
import { isReserved } from '../../registry/reserved-names.ts'
import type { SecretStore } from '../../store.ts'
import type { Input } from '../command.ts'
import { CliError } from '../failure.ts'
import { hintFor } from '../hints.ts'
import { shownSecret } from '../names.ts'
import { progress } from '../progress.ts'
import { withStore } from '../store.ts'
import { fail, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'

/** Names so many of what is wrong in the same way. */
const NAMED = 5

/** Opens the store that the options name, and reads everything in it. */
export async function examineStore(input: Input): Promise<Finding[]> {
  try {
    return await withStore(input, readAll)
  } catch (error) {
    const { code, message, hint } = told(error)
    return [fail('store', `${message} [${code}]`, hint ?? hintFor(code))]
  }
}

async function readAll(store: SecretStore): Promise<Finding[]> {
  if (!store.capabilities.list) {
    return [warn('secrets', `The store ${store.name} cannot list its secrets.`, 'Look at each: latchkey show NAME')]
  }
  const shown = progress('Reading')
  const broken: string[] = []
  const reserved: string[] = []
  let scopes = 0
  let count = 0
  try {
    for await (const scope of store.scopes?.() ?? ['default']) {
      scopes += 1
      for await (const { name, keys } of store.list({ scope })) {
        shown.done((count += 1))
        if (keys.some(isReserved)) reserved.push(shownSecret(name, scope))
        if (!(await opens(store, name, scope))) broken.push(shownSecret(name, scope))
      }
    }
  } finally {
    shown.end()
  }
  const findings = [ok('secrets', `${count} in ${scopes} ${scopes === 1 ? 'scope' : 'scopes'} can be read.`)]
  if (broken.length > 0) {
    const next = 'Bring them back: latchkey rollback, or latchkey set with the value from where it was made.'
    findings[0] = fail('secrets', `Of ${count}, ${broken.length} cannot be read: ${named(broken)}.`, next)
  }
  if (reserved.length > 0) {
    const next = 'No function gets them in its environment unless its registration admits them by name (allowReserved).'
    findings.push(warn('keys', `Some keys have reserved names, in ${named(reserved)}.`, next))
  }
  return findings
}

async function opens(store: SecretStore, name: string, scope: string): Promise<boolean> {
  try {
    await store.get(name, { scope })
    return true
  } catch (error) {
    if (isLatchkeyError(error, 'CORRUPT') || isLatchkeyError(error, 'INVALID')) return false
    throw error
  }
}

function named(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return names.slice(0, NAMED).join(', ') + more
}

function told(error: unknown): { code: string; message: string; hint?: string | undefined } {
  if (error instanceof CliError) return error
  if (isLatchkeyError(error)) return { code: String(error.code), message: error.message, hint: error.hint }
  throw error
}
