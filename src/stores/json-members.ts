/** Finds what `JSON.parse` passes over in silence: a member given twice, of which it keeps the last. */

/** What gives a document its shape. What stands between, numbers and words, needs no look. */
const MARKS = /["{}[\]:]/g

/**
 * Finds the first member that its object gives twice.
 *
 * @param json - a document that `JSON.parse` accepts.
 * @returns the path of member names that leads to it, or `undefined`.
 */
export function doubledMember(json: string): string[] | undefined {
  /** One for each container that is open: an object's member names, and the one that is being read. */
  const open: { readonly names: Set<string>; current?: string }[] = []
  const marks = new RegExp(MARKS)
  let name = { from: 0, to: 0 }
  for (let mark = marks.exec(json); mark !== null; mark = marks.exec(json)) {
    if (mark[0] === '"') {
      name = { from: mark.index, to: stringEnd(json, mark.index) }
      marks.lastIndex = name.to
    } else if (mark[0] === '{' || mark[0] === '[') open.push({ names: new Set() })
    else if (mark[0] === '}' || mark[0] === ']') open.pop()
    else {
      const object = open.at(-1)
      if (object === undefined) continue
      // Parsed, since one name can be written in several ways: "a" and "\u0061".
      const current = JSON.parse(json.slice(name.from, name.to)) as string
      object.current = current
      if (object.names.has(current)) return open.flatMap((container) => container.current ?? [])
      object.names.add(current)
    }
  }
  return undefined
}

/** By hand: a regular expression for strings with escapes runs out of stack on one of some megabytes. */
function stringEnd(json: string, start: number): number {
  let end = json.indexOf('"', start + 1)
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end + 1
}

function isEscaped(json: string, index: number): boolean {
  let before = index
  while (json[before - 1] === '\\') before -= 1
  return (index - before) % 2 === 1
}
