/** Finds known values, in every form they are printed in, and masks them. */
import type { Transform } from 'node:stream'
import { argumentError } from '../errors.ts'
import { redactedCopy, redactedError } from './copy.ts'
import { type Form, formsOf } from './forms.ts'
import { createMaskingBuffer, MASK, type MaskingBuffer, maskText, WITHHELD } from './mask.ts'
import type { Masks } from './shell.ts'
import { buildMatcher, type Matcher } from './matcher.ts'
import { createNodeStream, createWebStream, type RedactingTransformStream, withholding } from './stream.ts'

/** Masks the values it knows. It holds them in memory, and shows none of them through `inspect` or JSON. */
export interface Redactor {
  /**
   * Adds values to mask, from now on; a stream that is open masks them too. One that was to be forgotten stays.
   *
   * @param values - the values; a single string counts as one value, not as its characters.
   * @throws TypeError INVALID_OPTION if one of them is not a string.
   */
  readonly add: (values: Iterable<string>) => void
  /**
   * Replaces every known value in a text by `***`. Without one, the text comes back unchanged.
   *
   * @returns the redacted text, or `[withheld: redaction failed]` if the redactor itself fails.
   * @throws TypeError INVALID_OPTION if it is given anything but a string.
   */
  readonly redact: (text: string) => string
  /**
   * Copies a value, of any depth and with cycles, with every string, key and number in it redacted.
   *
   * No getter, `toJSON` or Proxy trap is called; the original is not changed. Arrays, Maps, Sets, Dates, errors and bytes
   * stay what they are, any other object becomes a plain one of its own enumerable data.
   */
  readonly redactValue: (value: unknown) => unknown
  /**
   * Rebuilds an error of the same class, with message, stack, `cause`, `errors` and its own data redacted.
   *
   * The original, which may be frozen, is not changed. What is thrown and no error is copied as `redactValue` does.
   */
  readonly redactError: RedactError
  /**
   * Makes a Node `Transform` from bytes to redacted bytes, which finds a value across any chunk border.
   *
   * It holds back only what may be the beginning of a value, and changes no byte outside one, be it UTF-8 or not.
   */
  readonly stream: () => Transform
  /** Makes a web `TransformStream` that does the same; strings come out as strings, bytes as bytes. */
  readonly webStream: () => RedactingTransformStream
  /**
   * Stops masking values after a while: what a rotated value was printed in may still be on its way.
   *
   * @param values - the values; those that the redactor does not know are ignored.
   * @param afterMs - milliseconds until then, up to 2^31 - 1; 0 forgets at once. The timer keeps no process alive.
   * @throws TypeError INVALID_OPTION if `afterMs` is no such number.
   */
  readonly forget: (values: Iterable<string>, afterMs: number) => void
}

/** What {@link Redactor.redactError} takes and gives. */
export interface RedactError {
  (error: Error): Error
  (error: unknown): unknown
}

const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Creates a redactor, which masks known values in texts, JSON, errors and streams.
 *
 * A value is found as it is, JSON-escaped, percent- and form-encoded, in base64 (also inside a longer text), in hex, and,
 * where it has several lines, line by line. Values under 4 characters are never masked, those of 4 and 5 only as a whole
 * token. It is cheap to create: the forms are worked out when the first text comes.
 *
 * @param values - the first values to mask; see {@link Redactor.add}.
 * @throws TypeError INVALID_OPTION if one of them is not a string.
 * @example
 * ```ts
 * const redactor = createRedactor(['ghp_0123456789abcdef'])
 * redactor.redact('Authorization: token ghp_0123456789abcdef') // 'Authorization: token ***'
 * ```
 */
export function createRedactor(values: Iterable<string> = []): Redactor {
  // The forms of a value, once they were needed; and its timer, once it is to be forgotten.
  const known = new Map<string, readonly Form[] | undefined>()
  const timers = new Map<string, NodeJS.Timeout>()
  let compiled: Compiled | undefined

  function matchers(): Compiled {
    compiled ??= compile(known)
    return compiled
  }

  function mask(text: string): string {
    const { text: matcher, masksItself } = matchers()
    let masked = maskText(text, matcher)
    if (!masksItself) return masked
    // A value that has `*` in it can arise from masking another. Each round is shorter, so there is a last one.
    for (let before = text; masked !== before;) {
      before = masked
      masked = maskText(before, matcher)
    }
    return masked
  }

  const maskBytes = (bytes: string): string => maskText(bytes, matchers().bytes())

  function add(added: Iterable<string>): void {
    for (const value of listed(added)) {
      keep(value)
      if (known.has(value)) continue
      known.set(value, undefined)
      compiled = undefined
    }
  }

  function keep(value: string): void {
    clearTimeout(timers.get(value))
    timers.delete(value)
  }

  function drop(value: string): void {
    keep(value)
    if (known.delete(value)) compiled = undefined
  }

  function forget(forgotten: Iterable<string>, afterMs: number): void {
    if (!(typeof afterMs === 'number' && afterMs >= 0 && afterMs <= LONGEST_TIMER)) {
      throw argumentError('INVALID_OPTION', 'afterMs must be a number of milliseconds from 0 to 2147483647.')
    }
    for (const value of listed(forgotten)) {
      if (!known.has(value)) continue
      keep(value)
      if (afterMs === 0) drop(value)
      else timers.set(value, setTimeout(drop, afterMs, value).unref())
    }
  }

  function redact(text: string): string {
    if (typeof text !== 'string') throw argumentError('INVALID_OPTION', 'redact takes a string.')
    try {
      return mask(text)
    } catch {
      // Whatever failed, and however: the text may hold a value, and so may the failure's message.
      return WITHHELD
    }
  }

  const masks = { text: mask, bytes: maskBytes }
  const textBuffer = () => createMaskingBuffer(() => matchers().text)
  const byteBuffer = () => createMaskingBuffer(() => matchers().bytes())

  add(values)
  const redactor: Redactor = Object.freeze({
    add,
    redact,
    redactValue: (value: unknown) => redactedCopy(value, masks),
    redactError: ((error: unknown) => redactedError(error, masks)) as RedactError,
    stream: () => createNodeStream(byteBuffer),
    webStream: () => createWebStream(textBuffer, byteBuffer),
    forget,
  })
  buffers.set(redactor, { text: textBuffer, bytes: byteBuffer })
  masksOf.set(redactor, masks)
  return redactor
}

/** What a masking buffer takes: texts, or bytes as texts with a character for each (Latin-1). */
type Pieces = 'text' | 'bytes'

const buffers = new WeakMap<Redactor, Readonly<Record<Pieces, () => MaskingBuffer>>>()

/** What masks a text that comes in pieces, one after another, without a stream. */
export function maskingBuffer(redactor: Redactor, pieces: Pieces = 'text'): MaskingBuffer {
  return withholding(() => {
    const create = buffers.get(redactor)?.[pieces]
    if (create === undefined) throw new TypeError('not a redactor of this library')
    return create()
  })
}

const masksOf = new WeakMap<Redactor, Masks>()

/** Tells whether a value holds, wherever `redactValue` would mask it, one that the redactor knows; also if that cannot be told. */
export function holdsKnown(redactor: Redactor, value: unknown): boolean {
  const masks = masksOf.get(redactor)
  if (masks === undefined) return true
  let found = 0
  const noting = (mask: (text: string) => string) => (text: string) => {
    const masked = mask(text)
    if (masked !== text) found++
    return masked
  }
  const copy = redactedCopy(value, { text: noting(masks.text), bytes: noting(masks.bytes) })
  return found > 0 || (copy === WITHHELD && value !== WITHHELD)
}

/** What finds the values, for texts and for bytes. */
interface Compiled {
  readonly text: Matcher
  readonly bytes: () => Matcher
  /** True if a value can arise from masking another. */
  readonly masksItself: boolean
}

function compile(known: Map<string, readonly Form[] | undefined>): Compiled {
  const forms = new Map<string, Form>()
  for (const [value, cached] of known) {
    const own = cached ?? formsOf(value)
    known.set(value, own)
    for (const form of own) addLooser(forms, form)
  }
  const list = [...forms.values()]
  let bytes: Matcher | undefined
  return {
    text: buildMatcher(list, false),
    bytes: () => (bytes ??= buildMatcher(list.map(inBytes), true)),
    masksItself: list.some((form) => form.text.includes(MASK.charAt(0))),
  }
}

/** Where two values share a form, it is masked wherever either of them would be. */
function addLooser(forms: Map<string, Form>, form: Form): void {
  const other = forms.get(form.text)
  forms.set(
    form.text,
    other === undefined
      ? form
      : {
          text: form.text,
          whole: form.whole && other.whole,
          before: form.before || other.before,
          after: form.after || other.after,
        },
  )
}

function inBytes(form: Form): Form {
  return { ...form, text: Buffer.from(form.text).toString('latin1') }
}

function listed(values: Iterable<string>): readonly string[] {
  if (typeof values === 'string') return [values]
  const { [Symbol.iterator]: iterator } = Object(values) as Partial<Iterable<string>>
  const list = typeof iterator === 'function' ? [...values] : undefined
  if (list?.every((value) => typeof value === 'string') === true) return list
  throw argumentError('INVALID_OPTION', 'The values to mask must be strings.')
}
