/** What one reading of a template found: a snapshot of the tree, and what is to be filled in where. */
import type { Frame } from './frame.ts'
import type { Findings, Site } from './issue.ts'
import type { Path } from './path.ts'
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
  readonly whole: boolean
  /** Texts and references in turn. */
  readonly parts: readonly (string | TagUse)[]
}

/** A piece of authored syntax, for those who rewrite templates. */
export interface Mark {
  readonly site: Site
  /** The whole string. */
  readonly text: string
  readonly kind: 'reference' | 'literal' | 'comment'
  readonly start: number
  readonly end: number
  /** What stands between the braces, without blanks around it. */
  readonly body: string
}

/** What an analysis keeps beside the plan itself. */
export interface Notes {
  readonly references: TemplateReference[]
  readonly foreign: TagPlace[]
  readonly marks: Mark[]
}

/** How containers hang together, so that a plan can be filled in more than once. */
export interface Structure {
  /** Every container once, parents before children. */
  readonly frames: Frame[]
  /** For each member that is a container: its parent's number, its key, its own number. */
  readonly parents: number[]
  readonly keys: (string | number)[]
  readonly children: number[]
}

/** A template as it was read. */
export interface Plan {
  readonly settings: Settings
  readonly namespaces: readonly string[]
  readonly findings: Findings
  /** The snapshot of the template: its copy, or a string or other scalar. */
  root: unknown
  /** The frame of the outermost container, if the template is one. */
  top: Frame | null
  /** Every string that holds references, in document order. */
  readonly sites: FilledSite[]
  /** Every distinct reference. */
  readonly paths: Path[]
  /** For each of `paths`: true if a whole string is it, so that its value may be a container. */
  readonly wholes: boolean[]
  /** The objects whose keys hold tags. */
  readonly keyed: Frame[]
  readonly notes: Notes | null
  readonly structure: Structure | null
}
