/**
 * The short way for the template that is most common: one string, with secrets from plain records and nothing special
 * about it. Whatever is out of the ordinary, a fault too, is left to the long way, which alone decides what it means.
 */
import { BLANK, DOLLAR } from './characters.ts'
import { ownValue } from './lookup.ts'
import { cachedPath, type Path, SECRETS } from './path.ts'
import type { Plan } from './plan.ts'
import { DEFAULTS } from './settings.ts'
import type { TemplateContexts } from './types.ts'

/** Fills in a string by the default options; `undefined`: go the long way. Never throws. */
export function filledText(text: string, contexts: TemplateContexts): string | undefined {
  const records = recordsOf(contexts)
  // Other namespaces have names to check.
  if (records === undefined || Object.keys(contexts).length !== 1) return undefined
  let result = ''
  let copied = 0
  // What the result and the rest of the text come to.
  let length = text.length
  for (let at = text.indexOf('{{'); at !== -1; at = text.indexOf('{{', copied)) {
    const close = text.indexOf('}}', at)
    if (close + 2 - at > DEFAULTS.maxTag || (at > 0 && text.charCodeAt(at - 1) === DOLLAR)) return undefined
    const from = text.charCodeAt(at + 2) === BLANK ? at + 3 : at + 2
    const to = text.charCodeAt(close - 1) === BLANK ? close - 1 : close
    const path = from < to ? cachedPath(text, from, to) : undefined
    const value = path === undefined ? undefined : secretOf(records, path)
    if (value === undefined) return undefined
    length += value.length - (close + 2 - at)
    if (length > DEFAULTS.maxOutput) return undefined
    result = copied === at ? result + value : result + text.slice(copied, at) + value
    copied = close + 2
  }
  return copied === text.length ? result : result + text.slice(copied)
}

/** Fills in a plan that is one string; `undefined`: go the long way. Never throws. */
export function filledPlan({ sites, paths, settings }: Plan, contexts: TemplateContexts): string | undefined {
  const records = recordsOf(contexts)
  if (records === undefined) return undefined
  let result = ''
  for (const part of sites?.[0]?.parts ?? []) {
    const path = typeof part === 'string' ? undefined : paths?.[part.slot]
    const piece = typeof part === 'string' ? part : path && secretOf(records, path)
    if (piece === undefined || result.length + piece.length > settings.maxOutput) return undefined
    result += piece
  }
  return result
}

/** The plain records that `SECRETS` are, if they are that. */
function recordsOf(contexts: unknown): object | undefined {
  if (typeof contexts !== 'object' || contexts === null) return undefined
  const records = ownValue(contexts, SECRETS)
  if (typeof records !== 'object' || records === null) return undefined
  const prototype: unknown = Object.getPrototypeOf(records)
  const isPlain = prototype === Object.prototype || prototype === null
  return isPlain && !Object.hasOwn(records, 'getMany') ? records : undefined
}

/** A secret's value, if the records hold it. */
function secretOf(records: object, { isSecret, segments }: Path): string | undefined {
  if (!isSecret || segments.length !== 2) return undefined
  const record = ownValue(records, segments[0] ?? '')
  const value = typeof record === 'object' && record !== null ? ownValue(record, segments[1] ?? '') : undefined
  return typeof value === 'string' ? value : undefined
}
