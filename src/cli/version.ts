/** The version of latchkey. */
import { readFileSync } from 'node:fs'

/** Reads it: the built program stands in a folder of the package, beside package.json. */
export function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
