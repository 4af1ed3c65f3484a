/** The JSON Schemas of input schemas. */
import type { StandardSchema } from '../secret.ts'

/** The JSON Schema of what a schema takes, where the schema can give one (Standard JSON Schema). */
export function inputJsonSchema(schema: StandardSchema | undefined): Readonly<Record<string, unknown>> | undefined {
  const standard = schema?.['~standard'] as
    { jsonSchema?: { input?: (options: { target: string }) => Record<string, unknown> } } | undefined
  const input = standard?.jsonSchema?.input
  if (input === undefined) return undefined
  try {
    return frozen(structuredClone(input({ target: 'draft-2020-12' })))
  } catch {
    // A schema that has no JSON form (a transform, a custom check) says so by throwing.
    return undefined
  }
}

function frozen<T extends object>(data: T): T {
  for (const part of Object.values(data)) if (typeof part === 'object' && part !== null) frozen(part as object)
  return Object.freeze(data)
}
