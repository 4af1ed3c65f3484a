/** The manifest of a registry: which functions there are, and who uses which secret and key. */
import { isAbsolute, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { argumentError } from '../errors.ts'
import { checked } from './checked.ts'
import type { Refusal } from './collect.ts'
import { withinTime } from './deadline.ts'
import type { Entry } from './entry.ts'
import type { Describe } from './findings.ts'
import type { Manifest, ManifestFunction, ManifestOptions, ManifestSecret } from './manifest-types.ts'
import { distinctScopes, milliseconds, NONE, type RegistrySettings } from './options.ts'
import type { Needed } from './requirement.ts'
import { functionsOf, order } from './ordering.ts'
import { isReserved } from './reserved-names.ts'
import { whatIsStored } from './stored.ts'

const manifestOptions = z.strictObject({
  scopes: z.array(z.string({ error: 'a string' }), { error: 'an array of scopes' }).optional(),
  expiry: z.boolean({ error: 'true or false' }).optional(),
  timeoutMs: milliseconds.optional(),
  root: z
    .custom<string>((root) => typeof root === 'string' && isAbsolute(root), { error: 'an absolute path' })
    .optional(),
})

/** What a manifest is made of. */
export interface ManifestParts {
  readonly entries: readonly Entry[]
  readonly refused: readonly Refusal[]
  readonly settings: RegistrySettings
  readonly describe: Describe
}

/**
 * Makes a manifest.
 *
 * @throws TypeError UNKNOWN_OPTION, INVALID_OPTION or INVALID_NAME for wrong options; what goes wrong in a store is data.
 */
export async function makeManifest(options: unknown, parts: ManifestParts): Promise<Manifest> {
  const given: ManifestOptions = options === undefined ? NONE : checked('manifest', manifestOptions, options)
  const { scopes, expiry = false, root = process.cwd() } = given
  if (expiry && scopes === undefined) {
    throw argumentError('INVALID_OPTION', 'manifest: expiry looks into the secrets of scopes, and scopes names none.')
  }
  const { settings, refused } = parts
  const { timeoutMs = settings.timeoutMs } = given
  const entries = [...parts.entries].sort((a, b) => order(a.name, b.name))
  const stored =
    scopes &&
    (await withinTime(timeoutMs, (deadline) => {
      return whatIsStored({ ...parts, entries }, { scopes: distinctScopes(scopes), expiry, deadline })
    }))
  return {
    format: 1,
    scope: settings.scope,
    functions: entries.map((entry) => functionOf(entry, root)),
    secrets: secretsOf(entries),
    refused: [...refused].sort((a, b) => order(a.function, b.function) || order(a.message, b.message)),
    ...(stored && { stored }),
  }
}

function functionOf({ definition, needs }: Entry, root: string): ManifestFunction {
  const { name, description, module, inputSchema, requirements } = definition
  const variables = needs.flatMap((need) => (need.only ?? []).map((key) => variableOf(need, key)))
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(module === undefined ? {} : { module: modulePath(module, root) }),
    ...(inputSchema === undefined ? {} : { inputSchema }),
    requirements: [...requirements].sort((a, b) => order(a.name, b.name) || order(a.scope ?? '', b.scope ?? '')),
    variables: variables.sort((a, b) => order(a.name, b.name) || order(a.secret, b.secret)),
  }
}

function variableOf(need: Needed, key: string): ManifestFunction['variables'][number] {
  const name = need.variable(key)
  return { name, secret: need.name, key, ...(isReserved(name) ? { reserved: true } : {}) }
}

/** A path that is the same wherever the project lies. */
function modulePath(url: string, root: string): string {
  const path = relative(root, fileURLToPath(url))
  // On another drive there is no way from the one to the other.
  return isAbsolute(path) ? url : path.split(sep).join('/')
}

function secretsOf(entries: readonly Entry[]): ManifestSecret[] {
  const uses = entries.flatMap(({ name, needs }) => needs.map((need) => ({ function: name, need })))
  const grouped = groups(uses, ({ need }) => JSON.stringify([need.name, need.scope]))
  return grouped
    .map((own) => {
      const [{ need }] = own
      const named = own.flatMap((use) => (use.need.only ?? []).map((key) => ({ function: use.function, key })))
      return {
        name: need.name,
        ...(need.scope === undefined ? {} : { scope: need.scope }),
        usedBy: functionsOf(own),
        wholeUsedBy: functionsOf(own.filter((use) => use.need.only === undefined)),
        keys: groups(named, ({ key }) => key)
          .map((same) => ({ key: same[0].key, usedBy: functionsOf(same) }))
          .sort((a, b) => order(a.key, b.key)),
      }
    })
    .sort((a, b) => order(a.name, b.name) || order(a.scope ?? '', b.scope ?? ''))
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): [T, ...T[]][] {
  const byKey = new Map<string, [T, ...T[]]>()
  for (const item of items) {
    const group = byKey.get(keyOf(item))
    if (group === undefined) byKey.set(keyOf(item), [item])
    else group.push(item)
  }
  return [...byKey.values()]
}
