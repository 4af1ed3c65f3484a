/** What is shown of a secret without its values. */
import type { SecretInfo } from '../secret.ts'

/** As `--json` gives it. */
export function infoJson({
  name,
  scope,
  keys,
  version,
  createdAt,
  description,
  skipped,
}: SecretInfo): Readonly<Record<string, unknown>> {
  return { name, scope, keys, version, createdAt, description, skipped }
}

/** A date as tables show it, to the minute, in UTC; `-` where the store knows none. */
export function shownDate(date: Date | undefined): string {
  return date === undefined ? '-' : date.toISOString().replace(/:\d\d\.\d+Z$/, 'Z')
}
