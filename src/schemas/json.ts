/** A schema for JSON documents. */
import { argumentError } from '../errors.ts'
import { isStandardSchema, type StandardSchema } from '../secret.ts'
import { schemaFindings } from './ask.ts'
import { type KeySchema, keySchema } from './key-schema.ts'

/**
 * Makes a schema for a value that is a JSON document, such as the key of a service account.
 *
 * The value stays the text that it is; what the inner schema makes of the document is dropped. Its issues keep their paths and
 * codes, not their messages, which may quote the document. Codes: `not_json`, and those of the inner schema, or
 * `wrong_document` where it has none, or one that stands in the document.
 *
 * @param document - a Standard Schema that the parsed document must fit, awaited. Default: any JSON will do.
 * @throws TypeError INVALID_OPTION if `document` is no schema.
 * @example
 * ```ts
 * const gcp = defineSecret('gcp', { KEY_JSON: json(z.object({ type: z.literal('service_account'), private_key: z.string() })) })
 * ```
 */
export function json(document?: StandardSchema): KeySchema {
  if (document !== undefined && !isStandardSchema(document)) {
    throw argumentError('INVALID_OPTION', 'json takes a schema for the document, which implements Standard Schema.')
  }
  return keySchema((text) => {
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      // The parser's own message quotes the text.
      return { code: 'not_json', message: 'must be JSON, as JSON.stringify gives it' }
    }
    return document === undefined ? text : fitting(document, parsed, text)
  })
}

async function fitting(document: StandardSchema, parsed: unknown, text: string) {
  const { issues } = await schemaFindings(document, parsed)
  if (issues === undefined) return text
  const message = 'must be a JSON document that fits the schema given to json()'
  // A code that stands in the document may have been taken from it.
  const codeOf = (code = ''): string => (code === '' || text.includes(code) ? 'wrong_document' : code)
  const found = issues.map(({ path, code }) => ({ path, code: codeOf(code), message }))
  return found.length === 0 ? { code: 'wrong_document', message } : found
}
