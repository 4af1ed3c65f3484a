/** Asks a Standard Schema, and keeps of its answer what cannot quote the input. */
import type { SchemaFinding } from '../errors.ts'
import type { StandardSchema } from '../secret.ts'

/** Validates `value`; `issues` are paths and codes without the schema's own messages. */
export async function schemaFindings(
  schema: StandardSchema,
  value: unknown,
): Promise<{ readonly value?: unknown; readonly issues?: readonly SchemaFinding[] }> {
  try {
    const result = await schema['~standard'].validate(value)
    if (result.issues === undefined) return { value: result.value }
    return { issues: result.issues.map(finding) }
  } catch {
    // What a schema throws may quote its input; that it could not accept the value is all that is said.
    return { issues: [{ path: [], code: 'schema_threw' }] }
  }
}

function finding(issue: { readonly path?: readonly unknown[] | undefined }): SchemaFinding {
  const path = (issue.path ?? []).map((segment) => {
    const key = typeof segment === 'object' && segment !== null ? (segment as { key?: unknown }).key : segment
    return typeof key === 'number' ? key : String(key)
  })
  const { code } = issue as { code?: unknown }
  return typeof code === 'string' && /^[a-z_]{1,60}$/i.test(code) ? { path, code } : { path }
}

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
