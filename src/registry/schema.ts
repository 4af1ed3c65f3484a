/** The JSON Schemas of input schemas. */
import type { SchemaFinding } from '../errors.ts'
import type { StandardSchema } from '../secret.ts'

/** The JSON Schema of what a schema takes, where the schema can give one (Standard JSON Schema). */
export function inputJsonSchema(schema: StandardSchema | undefined): Readonly<Record<string, unknown>> | undefined {
  const made = jsonSchemaOf(schema, {})
  return made && frozen(made)
}

/**
 * Puts `*` in the place of what is no name in the schema: the keys of a record are the caller's data, and may be secret. A
 * schema that has no JSON Schema does not tell which these are, and keeps its paths.
 */
export function withDeclaredPaths(
  schema: StandardSchema,
  findings: readonly SchemaFinding[],
): readonly SchemaFinding[] {
  // What has no JSON form within it still has names beside it; zod is asked for them so.
  const json = jsonSchemaOf(schema, { libraryOptions: { unrepresentable: 'any' } })
  if (json === undefined) return findings
  const declared = new Set<string>()
  addNames(json, declared)
  return findings.map((one) => {
    return { ...one, path: one.path.map((part) => (typeof part === 'number' || declared.has(part) ? part : '*')) }
  })
}

/** Adds what a JSON Schema calls properties, wherever it does. */
function addNames(json: object, names: Set<string>): void {
  const { properties, propertyNames } = json as { properties?: unknown; propertyNames?: { enum?: unknown } }
  for (const name of Object.keys(Object(properties) as object)) names.add(name)
  if (Array.isArray(propertyNames?.enum)) for (const name of propertyNames.enum) names.add(String(name))
  for (const part of Object.values(json)) if (typeof part === 'object' && part !== null) addNames(part as object, names)
}

function jsonSchemaOf(schema: StandardSchema | undefined, further: object): Record<string, unknown> | undefined {
  const standard = schema?.['~standard'] as
    { jsonSchema?: { input?: (options: { target: string }) => Record<string, unknown> } } | undefined
  const input = standard?.jsonSchema?.input
  if (input === undefined) return undefined
  try {
    return structuredClone(input({ target: 'draft-2020-12', ...further }))
  } catch {
    // A schema that has no JSON form (a transform, a custom check) says so by throwing.
    return undefined
  }
}

function frozen<T extends object>(data: T): T {
  for (const part of Object.values(data)) if (typeof part === 'object' && part !== null) frozen(part as object)
  return Object.freeze(data)
}
