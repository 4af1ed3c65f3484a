/** Issues: what they say, and how many are kept. */
import { TemplateError, type TemplateErrorCode, type TemplateIssue } from '../errors.ts'
import { type Frame, pointerOf } from './frame.ts'

/** Where a string of the template stands. */
export interface Site {
  /** The container it stands in; `null` if the template itself is the string. */
  readonly frame: Frame | null
  readonly key: string | number
  /** True if it is a key of `frame`, not a value. */
  readonly inKey: boolean
}

/** The issues of one pass, up to a limit. */
export interface Findings {
  readonly max: number
  readonly issues: TemplateIssue[]
}

/** What an issue says beside its code and place. */
export interface IssueDetails {
  readonly reference?: string | undefined
  readonly suggestion?: string | undefined
  /** Instead of the message of the code. */
  readonly message?: string | undefined
}

const MESSAGES: Readonly<Record<TemplateErrorCode, string>> = {
  AMBIGUOUS_DOLLAR:
    "A tag right after $ can be meant in two ways: choose by the option syntax, or write {{ '$' }} for the sign.",
  BAD_REFERENCE:
    'A reference is names joined by dots, e.g. SECRETS.name.KEY; no blanks, quotes, brackets, filters or calls.',
  BAD_SECRET_VALUE: 'The value is not a string.',
  BARE_NAMESPACE: 'Name a secret and a key: SECRETS.name.KEY.',
  CYCLE: 'The value contains itself.',
  EMPTY_TAG: 'The tag is empty.',
  FLAT_AMBIGUOUS: 'The secret does not have exactly one key: name the key, SECRETS.name.KEY.',
  FLAT_REFERENCE: 'The reference names no key: write SECRETS.name.KEY.',
  FUNCTION_VALUE: 'The value is a function.',
  KEY_COLLISION: 'Two keys of the object are the same once they are filled in.',
  KEY_NOT_FOUND: 'The secret has no such key: correct it, or add the key to the secret.',
  NOT_ALLOWED: 'This template may not use the secret.',
  NOT_FOUND: 'There is no such value: correct the path, or pass it in.',
  NOT_SCALAR: 'Only a string, a finite number or a boolean can stand inside a text.',
  OUTPUT_TOO_LARGE: 'The filled in text is larger than the limit.',
  SECRET_IN_KEY: 'A secret cannot be part of a key.',
  SECRET_NOT_FOUND: 'There is no such secret in this scope: correct the name or the scope, or create the secret.',
  STORE_ERROR: 'The secrets could not be read.',
  TAG_TOO_LONG: 'The tag is longer than the limit.',
  TOO_DEEP: 'The template is nested deeper than the limit.',
  TOO_MANY_SEGMENTS: 'A secret has no deeper parts: write SECRETS.name.KEY.',
  UNCLOSED_TAG: "The tag is not closed: add }}, or write {{ '{{' }} for literal braces.",
  UNKNOWN_NAMESPACE: 'No namespace of this name was passed in.',
  UNSUPPORTED_TAG: 'Only references, comments and literal braces are supported.',
  UNSUPPORTED_VALUE: 'The value is not JSON.',
}

/** Tells whether the limit is reached, so that looking further is of no use. */
export function isFull(findings: Findings): boolean {
  return findings.issues.length >= findings.max
}

/** Adds an issue, unless the limit is reached. */
export function report(
  findings: Findings,
  code: TemplateErrorCode,
  site: Site,
  start: number,
  end: number,
  details: IssueDetails = {},
): void {
  if (isFull(findings)) return
  const { reference, suggestion } = details
  findings.issues.push(
    Object.freeze({
      code,
      pointer: pointerOf(site.frame, site.key),
      ...(site.inKey ? { inKey: true } : {}),
      start,
      end,
      ...(reference === undefined ? {} : { reference: shown(reference) }),
      message: details.message ?? MESSAGES[code],
      ...(suggestion === undefined ? {} : { suggestion }),
    }),
  )
}

/** Makes the error of some issues. */
export function templateError(issues: readonly TemplateIssue[], cause?: unknown, retryable = false): TemplateError {
  const [first, ...others] = issues
  if (first === undefined) throw new RangeError('An error of a template needs an issue.')
  return new TemplateError([first, ...others], { cause, retryable })
}

/** Shows a reference: at most 80 characters, with control, bidi, zero-width and lone surrogate characters escaped. */
function shown(reference: string): string {
  let text = ''
  for (const char of reference.slice(0, 81)) {
    const next = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\\]/u.test(char)
      ? `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
      : char
    if (text.length + next.length > 80) return `${text.slice(0, 79)}…`
    text += next
  }
  return text
}
