/** Reads objects of options: only own names count, unknown ones are refused, and `undefined` counts as absent. */
import type { z } from 'zod'
import { argumentError } from '../errors.ts'
import { quoteName } from '../secret.ts'

/**
 * Checks an object of options by a schema.
 *
 * @param owner - what takes the options, for messages.
 * @returns a frozen record without a prototype: what somebody put on `Object.prototype` is no option.
 * @throws TypeError UNKNOWN_OPTION or INVALID_OPTION.
 */
export function checked<T extends z.ZodRawShape>(
  owner: string,
  schema: z.ZodObject<T, z.core.$strict>,
  options: unknown,
): Readonly<z.infer<typeof schema>> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const [first = ''] = Object.keys(schema.shape)
    throw argumentError('INVALID_OPTION', `${owner} takes an object of options, e.g. { ${first}: … }.`)
  }
  const result = schema.safeParse(ownOf(options))
  if (result.success) return Object.freeze<z.infer<typeof schema>>(ownOf(result.data))
  const { issues } = result.error
  // A name that is mistyped is why another is missing.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]
  if (issue?.code === 'unrecognized_keys') {
    throw argumentError(
      'UNKNOWN_OPTION',
      `${owner} knows no option ${issue.keys.map(quoteName).join(', ')}. Its options are ${Object.keys(schema.shape).join(', ')}.`,
    )
  }
  throw argumentError(
    'INVALID_OPTION',
    `${owner}: ${issue?.path.map(String).join('.') ?? 'an option'} must be ${issue?.message ?? 'valid'}.`,
  )
}

/** Copies the own pairs that say something into a record without a prototype. */
export function ownOf<T extends object>(options: T): T {
  const own = Object.create(null) as Record<string, unknown>
  for (const [name, value] of Object.entries(options)) own[name] = value
  return own as T
}
