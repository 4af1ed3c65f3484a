/** What a record holds, as the text that is sealed: JSON, `{"values":{KEY:VALUE,…}}` and what else is known of it. */
import { isObject } from '../../crypto/keyring.ts'
import { isKey, isValue } from '../../secret.ts'

/** What a record holds. */
export interface Content {
  readonly values: Readonly<Record<string, string>>
  readonly description?: string | undefined
  /** Milliseconds since 1970; absent where the date stands beside the record. */
  readonly createdAt?: number | undefined
}

const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** Tells whether a text is a date as records write it: ISO 8601 with milliseconds, in UTC. */
export function isDateText(text: unknown): text is string {
  return typeof text === 'string' && DATE.test(text)
}

/** Writes the text of a record. */
export function contentText({ values, description, createdAt }: Content): string {
  return JSON.stringify({
    values,
    ...(description === undefined ? {} : { description }),
    ...(createdAt === undefined ? {} : { createdAt: new Date(createdAt).toISOString() }),
  })
}

/** Reads the text of a record, `undefined` if it is none; the parser's message would quote values. */
export function readContent(text: string): Content | undefined {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    // Its message quotes values.
    return undefined
  }
  if (!isObject(content) || !isObject(content['values'])) return undefined
  const values = Object.create(null) as Record<string, string>
  for (const [key, value] of Object.entries(content['values'])) {
    if (!isKey(key) || !isValue(value)) return undefined
    values[key] = value
  }
  const { description, createdAt } = content
  if (description !== undefined && typeof description !== 'string') return undefined
  if (createdAt !== undefined && !isDateText(createdAt)) return undefined
  const date = createdAt === undefined ? undefined : Date.parse(createdAt)
  return { values: Object.freeze(values), description, createdAt: date }
}
