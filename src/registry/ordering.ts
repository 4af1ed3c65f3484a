/** The order of what a manifest lists: the same on every machine. */

/** Orders texts by their UTF-16 units, whatever the machine's language. */
export function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The functions of several uses, each once, by name. */
export function functionsOf(uses: readonly { readonly function: string }[]): string[] {
  return [...new Set(uses.map((use) => use.function))].sort(order)
}
