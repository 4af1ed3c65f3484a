/** What one reading of a template found: a snapshot of the tree, and what is to be filled in where. */
import type { TemplateIssue } from '../errors.ts'
import type { Frame } from './frame.ts'
import type { Findings, Site } from './issue.ts'
import type { Path } from './path.ts'
import type { Seen } from './seen.ts'
import type { Settings } from './settings.ts'
import type { TagPlace, TemplateReference } from './types.ts'

/** A reference inside a string. */
export interface TagUse {
  /** Which of the plan's `paths`. */
  readonly slot: number
  readonly start: number
  readonly end: number
}

/** A string with references in it: what is to be put together. */
export interface FilledSite extends Site {
  /** True if the string is one reference and nothing else, so that the value keeps its type. */
  whole: boolean
  /** Texts and references in turn. */
  parts: readonly (string | TagUse)[]
}

/** A piece of authored syntax, for those who rewrite templates. */
export interface Mark {
  readonly site: Site
  /** The whole string. */
  readonly text: string
  readonly start: number
  readonly end: number
  /** The reference that it is, without blanks around it; `undefined` for a comment or a literal. */
  readonly reference: string | undefined
}

/** What an analysis keeps beside the plan itself. */
export interface Notes {
  readonly references: TemplateReference[]
  readonly foreign: TagPlace[]
  /** `null` unless the template is to be rewritten. */
  readonly marks: Mark[] | null
}

/** How containers hang together, so that a plan can be filled in more than once. */
interface Structure {
  /** Every container once, parents before children. */
  readonly frames: Frame[]
  /** For each member that is a container: its parent's number, its key, its own number. */
  readonly parents: number[]
  readonly keys: (string | number)[]
  readonly children: number[]
}

/** A template as it was read. */
export interface Plan extends Findings {
  readonly settings: Settings
  readonly namespaces: readonly string[]
  readonly max: number
  readonly issues: TemplateIssue[]
  /** The snapshot of the template: its copy, or a string or other scalar. */
  root: unknown
  /** The frame of the outermost container, if the template is one. */
  top: Frame | null
  /** Every string that holds references, in document order; `null` for none. */
  sites: FilledSite[] | null
  /** Every distinct reference; `null` for none. */
  paths: Path[] | null
  /** Those of `paths` that are data and a whole string somewhere, so that their values may be containers. */
  wholes: Set<number> | null
  /** Where each of `paths` is, once they are many. */
  slots: Map<Path, number> | null
  /** The objects whose keys hold tags; `null` for none. */
  keyed: Frame[] | null
  /** The containers met so far; those met as data are kept apart. */
  seen: Seen | null
  seenRaw: Seen | null
  /** True: parts that `literal` made stay as they are. */
  readonly keepLiterals: boolean
  readonly notes: Notes | null
  readonly structure: Structure | null
}
