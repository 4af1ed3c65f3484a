/** The shapes that callers of the resolver see. */
import type { TemplateIssue } from '../errors.ts'
import type { SecretStore } from '../store.ts'
import type { Literal } from './literal.ts'

/** Secrets as plain data: `{ name: { KEY: value } }`. A value may be any string. */
export type SecretRecords = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Where `SECRETS` come from: a store (only `getMany`, and `describe` for a check, are called) or plain records. */
export type SecretSource = Pick<SecretStore, 'getMany'> | SecretStore | SecretRecords

/** What the namespaces of a template hold. Only the namespaces given here exist; `process.env` is never read. */
export interface TemplateContexts {
  readonly SECRETS?: SecretSource | undefined
  /** JSON data: `INPUTS`, `ENV`, … */
  readonly [namespace: string]: unknown
}

/** Something that is told every secret value that was filled in. `createRedactor()` of `latchkey/redact` is one. */
export interface TemplateRedactor {
  add(values: Iterable<string>): void
}

/** How much a template may ask for. */
export interface TemplateLimits {
  /** The longest tag, from its `{{` to its `}}`, in UTF-16 units. Default: 512. */
  readonly tagLength?: number | undefined
  /** How many issues are collected before the search ends. Default: 100. */
  readonly issues?: number | undefined
  /** The strings that were filled in, together, in UTF-16 units. Default: 67,108,864. */
  readonly outputLength?: number | undefined
  /** How many containers may stand inside each other. Default: any number. */
  readonly depth?: number | undefined
}

/** How tags are written. */
export type TemplateSyntax = 'mustache' | 'mustache-only' | 'dollar' | 'both'

/** How a template is read. */
export interface ParseOptions {
  /**
   * `{{ SECRETS.name }}`, the form without a key. `single-key` (default) resolves a secret of exactly one key and marks
   * the reference as deprecated; `error` refuses it.
   */
  readonly flat?: 'single-key' | 'error' | undefined
  /** Tags of no given namespace. `error` (default) refuses them; `keep` copies them byte for byte. */
  readonly foreign?: 'error' | 'keep' | undefined
  /**
   * Which tags there are. `mustache` (default): `{{ x }}`, and a `$` right before it is an error; `mustache-only`: a `$` is
   * text; `dollar`: only `${{ x }}`; `both`: either form.
   */
  readonly syntax?: TemplateSyntax | undefined
  /** Values that are not JSON (dates, buffers, functions, …). `error` (default) refuses them; `keep` passes them on. */
  readonly opaque?: 'error' | 'keep' | undefined
  /** True: what holds no tag is not copied but shared with the template. Default: false. */
  readonly share?: boolean | undefined
  /** The names of the secrets that the template may refer to. Default: all. */
  readonly allow?: readonly string[] | undefined
  /** JSON pointers (RFC 6901) of values that are data and not parsed. Default: none. */
  readonly exclude?: readonly string[] | undefined
  readonly limits?: TemplateLimits | undefined
}

/** How one resolve reads its secrets. */
export interface FetchOptions {
  /** The scope that the store is asked for. Default: the store's own. Plain records have none. */
  readonly scope?: string | undefined
  /** Gives up: the resolve rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** The options of {@link resolveTemplate}. */
export interface ResolveOptions extends ParseOptions, FetchOptions {
  /** Is told every secret value that was filled in, so that it can be masked elsewhere. */
  readonly redactor?: TemplateRedactor | undefined
}

/** The options of {@link analyzeTemplate}. */
export interface AnalyzeOptions extends ParseOptions {
  /** The namespaces that the template may use. Default: only `SECRETS`. */
  readonly namespaces?: readonly string[] | undefined
}

/** The options of {@link compileTemplate}. */
export interface CompileOptions extends AnalyzeOptions {
  /** Is told every secret value that was filled in, so that it can be masked elsewhere. */
  readonly redactor?: TemplateRedactor | undefined
}

/** Where a tag stands. Offsets are in UTF-16 units of the string at `pointer`. */
export interface TagPlace {
  /** A JSON pointer (RFC 6901) to the string. */
  readonly pointer: string
  /** True if the tag stands in an object's key, not in its value. */
  readonly inKey?: true
  readonly start: number
  readonly end: number
}

/** One use of a reference in a template. */
export interface TemplateReference extends TagPlace {
  /** The reference as it is written, e.g. `SECRETS.my_github_secret.GH_ACCESS_TOKEN`. */
  readonly reference: string
  readonly namespace: string
  readonly segments: readonly string[]
  /** True for the flat form `SECRETS.name`, which names no key. */
  readonly deprecated?: true
}

/** What a template asks for, without any value. */
export interface TemplateAnalysis {
  /** Every use of a reference, in document order. */
  readonly references: readonly TemplateReference[]
  /** Every tag of no given namespace, in document order. */
  readonly foreign: readonly TagPlace[]
  /** What is wrong with it, in document order, at most 100. */
  readonly issues: readonly TemplateIssue[]
}

/** A template that was read once and can be resolved many times. */
export interface CompiledTemplate<Result = unknown> {
  /** Every use of a reference, in document order. */
  readonly references: readonly TemplateReference[]
  /** What is wrong with it; a template with issues does not resolve. */
  readonly issues: readonly TemplateIssue[]
  /**
   * Fills the template in.
   *
   * @throws TemplateError with every issue; the signal's reason after an abort.
   */
  resolve(contexts: TemplateContexts, options?: FetchOptions): Promise<Result>
}

/** The shape of a resolved template. A string that is one whole tag may become any JSON that its namespace holds. */
export type Resolved<T> =
  T extends Literal<infer V>
    ? V
    : T extends string
      ? string
      : T extends object
        ? { -readonly [K in keyof T]: Resolved<T[K]> }
        : T
