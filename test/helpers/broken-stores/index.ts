/** Every way in which the tests of the suite break a store. */
import { changes } from './changes.ts'
import { leaks } from './leaks.ts'
import { names } from './names.ts'
import { pages } from './pages.ts'
import { reads } from './reads.ts'
import { shapes } from './shapes.ts'
import { values } from './values.ts'
import { versions } from './versions.ts'

export const BREAKAGES = [...reads, ...pages, ...values, ...versions, ...changes, ...names, ...leaks, ...shapes]
