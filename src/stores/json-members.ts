/** Finds what `JSON.parse` passes over in silence: a member given twice, of which it keeps the last. */

/** Strings, and the characters that give a document its shape. Numbers and words between them need no look. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g

/**
 * Finds the first member that its object gives twice.
 *
 * @param json - a document that `JSON.parse` accepts.
 * @returns the path of member names that leads to it, or `undefined`.
 */
export function doubledMember(json: string): string[] | undefined {
  /** One for each container that is open: an object's member names, and the one that is being read. */
  const open: { readonly names: Set<string>; current?: string }[] = []
  let text = ''
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === '{' || token === '[') open.push({ names: new Set() })
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      const object = open.at(-1)
      if (object === undefined) continue
      const name = JSON.parse(text) as string
      object.current = name
      if (object.names.has(name)) return open.flatMap(({ current }) => (current === undefined ? [] : [current]))
      object.names.add(name)
    } else if (token !== ',') text = token
  }
  return undefined
}
