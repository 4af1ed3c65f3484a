/** Empty copies of objects, kind by kind, and what fills them. */
import { types } from 'node:util'
import { copyBytes } from './bytes.ts'

/** Masks a text; and a text whose characters are bytes. */
export interface Masks {
  readonly text: (text: string) => string
  readonly bytes: (bytes: string) => string
}

type CopyOf = (part: unknown) => unknown

/** An array's index, which is never masked. */
const INDEX = /^(?:0|[1-9][0-9]*)$/

/** Copies anything that is no object. */
export function copyPrimitive(part: unknown, masks: Masks): unknown {
  if (typeof part === 'string') return masks.text(part)
  if (typeof part === 'number' || typeof part === 'bigint') {
    const text = String(part)
    const masked = masks.text(text)
    return masked === text ? part : masked
  }
  // A function's source and properties, and a symbol's description, can hold a value.
  if (typeof part === 'function') return '[function]'
  if (typeof part === 'symbol') return masks.text(String(part))
  return part
}

/** A copy that is still empty, and what fills it. */
export interface Shell {
  readonly copy: unknown
  readonly fill?: (copyOf: CopyOf) => void
}

/** Makes the empty copy of an object: of the same kind where the kind is known, else a plain one. */
export function shellOf(part: object, masks: Masks): Shell {
  if (types.isProxy(part)) return { copy: '[proxy]' }
  // Newer versions count it among the native errors.
  if (isDomException(part)) return errorShell(part, copyDomException(part, masks), masks)
  if (types.isNativeError(part)) return errorShell(part, new Error(), masks)
  if (Array.isArray(part)) return arrayShell(part, masks)
  if (types.isMap(part)) return mapShell(part)
  if (types.isSet(part)) return setShell(part)
  if (types.isDate(part)) return { copy: new Date(Date.prototype.getTime.call(part)) }
  if (ArrayBuffer.isView(part) || types.isAnyArrayBuffer(part)) return { copy: copyBytes(part, masks.bytes) }
  if (part instanceof URL) return { copy: copyUrl(part, masks) }
  if (types.isRegExp(part)) return { copy: copyRegExp(part, masks) }
  if (types.isBoxedPrimitive(part)) return { copy: copyBoxed(unboxed(part), masks) }
  return objectShell(part, masks)
}

function objectShell(part: object, masks: Masks): Shell {
  const copy: object = Object.getPrototypeOf(part) === null ? (Object.create(null) as object) : {}
  return {
    copy,
    fill(copyOf) {
      copyProperties(part, copy, Object.keys(part), masks, copyOf)
    },
  }
}

/** Keeps holes and further properties; an array of a huge length with few entries stays small. */
function arrayShell(part: unknown[], masks: Masks): Shell {
  const copy: unknown[] = []
  copy.length = part.length
  return {
    copy,
    fill(copyOf) {
      copyProperties(part, copy, Object.keys(part), masks, copyOf)
    },
  }
}

function mapShell(part: Map<unknown, unknown>): Shell {
  const copy = new Map<unknown, unknown>()
  return {
    copy,
    fill(copyOf) {
      const numbered = keyNumbering((key) => copy.has(key))
      for (const [key, value] of Map.prototype.entries.call(part)) {
        const masked = copyOf(key)
        copy.set(typeof masked === 'string' ? numbered(masked) : masked, copyOf(value))
      }
    },
  }
}

function setShell(part: Set<unknown>): Shell {
  const copy = new Set<unknown>()
  return {
    copy,
    fill(copyOf) {
      for (const value of Set.prototype.values.call(part)) copy.add(copyOf(value))
    },
  }
}

const OWN_STACK: unknown = Reflect.get(Object.getOwnPropertyDescriptor(new Error(), 'stack') ?? {}, 'get')

/** An error of the same class, without running its constructor. */
function errorShell(part: Error, copy: Error, masks: Masks): Shell {
  return {
    copy,
    fill(copyOf) {
      // Before it has the class: what writes a stack may ask the class for the error's name.
      define(copy, 'stack', masks.text(stackOf(part)), false)
      Object.setPrototypeOf(copy, Object.getPrototypeOf(part) as object)
      const keys = Object.getOwnPropertyNames(part).filter((key) => key !== 'stack')
      copyProperties(part, copy, keys, masks, copyOf)
    },
  }
}

/** The stack that the engine wrote, which newer versions keep behind an accessor of their own. */
function stackOf(part: Error): string {
  const descriptor = Object.getOwnPropertyDescriptor(part, 'stack')
  const engines = descriptor?.get !== undefined && descriptor.get === OWN_STACK
  const stack: unknown = engines ? part.stack : descriptor?.value
  return typeof stack === 'string' ? stack : ''
}

/** Not what only inherits from it: that has no name and message to be read. */
function isDomException(part: object): part is DOMException {
  if (!(part instanceof DOMException)) return false
  try {
    Reflect.get(DOMException.prototype, 'code', part)
    return true
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return false
  }
}

/** Its name and message are kept inside it, where only the class's own accessors reach. */
function copyDomException(part: DOMException, masks: Masks): DOMException {
  const read = (key: 'name' | 'message'): string => masks.text(Reflect.get(DOMException.prototype, key, part))
  return new DOMException(read('message'), read('name'))
}

/** A string, where a part was masked: the mask may not be allowed where the value was. */
function copyUrl(part: URL, masks: Masks): URL | string {
  const href = Reflect.get(URL.prototype, 'href', part)
  const masked = masks.text(href)
  return masked === href ? new URL(href) : masked
}

function copyRegExp(part: RegExp, masks: Masks): RegExp | string {
  const text = RegExp.prototype.toString.call(part)
  const masked = masks.text(text)
  return masked === text ? structuredClone(part) : masked
}

function copyBoxed(primitive: unknown, masks: Masks): unknown {
  const masked = copyPrimitive(primitive, masks)
  return Object.is(masked, primitive) ? (Object(primitive) as unknown) : masked
}

function unboxed(part: object): unknown {
  if (types.isStringObject(part)) return String.prototype.valueOf.call(part)
  if (types.isNumberObject(part)) return Number.prototype.valueOf.call(part)
  if (types.isBooleanObject(part)) return Boolean.prototype.valueOf.call(part)
  if (types.isBigIntObject(part)) return BigInt.prototype.valueOf.call(part)
  return Symbol.prototype.valueOf.call(part)
}

/** Copies own properties. An accessor is not called, and no setter of the copy's class is either. */
function copyProperties(part: object, copy: object, keys: readonly string[], masks: Masks, copyOf: CopyOf): void {
  const numbered = keyNumbering((key) => Object.hasOwn(copy, key))
  for (const key of keys) {
    const descriptor = Object.getOwnPropertyDescriptor(part, key)
    if (descriptor === undefined) continue
    const value: unknown = 'value' in descriptor ? copyOf(descriptor.value) : '[accessor]'
    const name = Array.isArray(part) && INDEX.test(key) ? key : numbered(masks.text(key))
    define(copy, name, value, descriptor.enumerable === true)
  }
}

/** Plain assignment would set the prototype for a key `__proto__`, and run a class's setters. */
function define(copy: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(copy, key, { value, enumerable, writable: true, configurable: true })
}

/** Keeps keys that are masked alike apart: `***`, `*** (2)`, … */
function keyNumbering(isTaken: (key: string) => boolean): (key: string) => string {
  const counts = new Map<string, number>()
  return (key) => {
    if (!isTaken(key)) return key
    let count = counts.get(key) ?? 2
    while (isTaken(`${key} (${count})`)) count++
    counts.set(key, count + 1)
    return `${key} (${count})`
  }
}
