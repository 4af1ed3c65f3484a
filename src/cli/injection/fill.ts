/** Fills secrets into the text of a file. */
import { isLatchkeyError, TemplateError, type TemplateIssue } from '../../errors.ts'
import { resolveTemplate } from '../../template/resolve.ts'
import type { ResolveOptions } from '../../template/types.ts'
import type { SecretStore } from '../../store.ts'
import { CliError } from '../failure.ts'
import { type Format, placeOfTag, shownPlace, type Slot } from './slot.ts'

const MOST_ISSUES = 10_000
const BOM = '\ufeff'

/** Finds the strings of a text that may hold tags. What reads YAML is loaded for YAML alone. */
async function slotsOf(source: string, format: Format): Promise<Slot[]> {
  if (format === 'json') return (await import('./json.ts')).jsonSlots(source)
  if (format === 'yaml') return (await import('./yaml.ts')).yamlSlots(source)
  return (await import('./text.ts')).textSlots(source)
}

/**
 * Fills in every tag, with one read of the store.
 *
 * @returns the text with nothing else changed.
 * @throws CliError with the code of the first issue, and every issue with its line and column; StoreError if the store fails.
 */
export async function fillIn(
  file: string,
  format: Format,
  store: Pick<SecretStore, 'getMany'>,
  options: ResolveOptions,
): Promise<string> {
  const mark = file.startsWith(BOM) ? BOM : ''
  const source = file.slice(mark.length)
  const slots = await slotsOf(source, format)
  const template = slots.map(({ isKey, text }) => (isKey ? { [text]: null } : text))
  let filled: readonly unknown[]
  try {
    filled = await resolveTemplate<readonly unknown[], readonly unknown[]>(
      template,
      { SECRETS: store },
      { ...options, limits: { issues: MOST_ISSUES } },
    )
  } catch (error) {
    throw error instanceof TemplateError ? told(error, source, slots) : error
  }
  let text = mark
  let copied = 0
  slots.forEach((slot, index) => {
    const value = filled[index]
    const result = typeof value === 'string' ? value : Object.keys(value as object)[0]
    text +=
      source.slice(copied, slot.start) +
      (result === slot.text ? source.slice(slot.start, slot.end) : slot.write(result ?? ''))
    copied = slot.end
  })
  return text + source.slice(copied)
}

/** The store's own failure, or every issue at its place in the file. */
function told(error: TemplateError, source: string, slots: readonly Slot[]): Error {
  if (error.code === 'STORE_ERROR' && isLatchkeyError(error.cause)) return error.cause
  const lines = error.issues.map((issue) => lineOf(issue, source, slots))
  const message =
    lines.length === 1 ? (lines[0] ?? '') : `${lines.length} tags cannot be filled in:\n  ${lines.join('\n  ')}`
  const hint = 'Nothing was written. latchkey list shows which secrets and keys there are.'
  const isForeign = error.issues.some(({ code }) => ['UNKNOWN_NAMESPACE', 'UNSUPPORTED_TAG'].includes(code))
  const whole = isForeign ? `${hint} --keep-foreign leaves tags of other names to other programs.` : hint
  return new CliError(error.code, message, whole)
}

function lineOf(
  { code, pointer, start, reference, message }: TemplateIssue,
  source: string,
  slots: readonly Slot[],
): string {
  const slot = slots[Number(pointer.split('/')[1])]
  const place = slot === undefined ? '' : `${shownPlace(source, placeOfTag(source, slot, start))}: `
  return `${place}${code}${reference === undefined ? '' : ` (${reference})`}: ${message}`
}
