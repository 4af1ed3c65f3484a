/** What `init` tells to do next. */
import type { Input } from './command.ts'

/** Says what to do next: of the store that was made, wherever that is. */
export function nextStep(input: Input): string {
  const named = ['file', 'store'].find((option) => input.text(option) !== undefined)
  return `Next${named === undefined ? '' : `, with the same --${named}`}: latchkey set my_github_secret GH_ACCESS_TOKEN`
}
