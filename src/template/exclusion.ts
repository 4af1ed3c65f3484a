/** The values that `exclude` names, as a tree of pointer tokens. */
import { argumentError } from '../errors.ts'
import { quoteName } from '../secret.ts'

/** One step of the excluded pointers. */
export interface Exclusion {
  /** True if the value here is excluded. */
  excluded: boolean
  readonly children: Map<string, Exclusion>
}

/**
 * Reads JSON pointers (RFC 6901).
 *
 * @throws TypeError INVALID_OPTION for something that is no pointer.
 */
export function readExclusions(pointers: readonly string[]): Exclusion {
  const root: Exclusion = { excluded: false, children: new Map() }
  for (const pointer of pointers) {
    let node = root
    for (const token of pointerTokens(pointer)) {
      let child = node.children.get(token)
      if (child === undefined) node.children.set(token, (child = { excluded: false, children: new Map() }))
      node = child
    }
    node.excluded = true
  }
  return root
}

function pointerTokens(pointer: string): string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) {
    throw argumentError('INVALID_OPTION', `exclude: ${quoteName(pointer)} is not a JSON pointer, e.g. /headers/accept.`)
  }
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}
