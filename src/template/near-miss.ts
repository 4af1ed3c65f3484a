/** Finds the namespace that a mistyped one was probably meant to be. */

/** Shorter names than this differ from too many others by one edit. */
const SHORTEST_EDITED = 3

/** The namespace that `name` is in other case, or with one letter added, left out, changed or swapped. */
export function nearMiss(name: string, namespaces: readonly string[]): string | undefined {
  const upper = name.toUpperCase()
  return namespaces.find((namespace) => {
    const target = namespace.toUpperCase()
    return upper === target || (target.length >= SHORTEST_EDITED && isOneEdit(upper, target))
  })
}

function isOneEdit(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  const restA = a.slice(same)
  const restB = b.slice(same)
  if (restA.length > restB.length) return restA.slice(1) === restB
  if (restA.length < restB.length) return restB.slice(1) === restA
  return restA.slice(1) === restB.slice(1) || (restA.slice(2) === restB.slice(2) && isSwapped(restA, restB))
}

function isSwapped(a: string, b: string): boolean {
  return a[0] === b[1] && a[1] === b[0]
}
