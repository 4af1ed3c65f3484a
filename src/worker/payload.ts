/**
 * Values on their way between two processes. Plain data crosses as a copy made here; everything else as bytes of V8's
 * structured clone. A value of the user's never reaches the transport's own serializer, which may die on it.
 */
import { types } from 'node:util'
import { DefaultDeserializer, deserialize, serialize } from 'node:v8'

/** A value in the form in which it crosses. */
export type Payload = { readonly plain: unknown } | { readonly bytes: Uint8Array }

/** Larger values are cloned by V8 at once: it is quicker, and it keeps shared and circular references. */
const MAX_NODES = 256
const MAX_DEPTH = 8
const NOT_PLAIN = Symbol('not plain')

/**
 * Takes a snapshot of a value.
 *
 * @throws what V8 throws for what cannot be cloned (a function, a symbol, a proxy); its words quote the value. TypeError for
 * what would arrive as an empty object, as a `Response` and a `URL` do.
 */
export function encodePayload(value: unknown): Payload {
  const plain = plainCopy(value, 0, { nodes: MAX_NODES, seen: [] })
  if (plain !== NOT_PLAIN) return { plain }
  const bytes = serialize(value)
  if (holdsLost(value, bytes.length)) throw new TypeError('nothing of it would arrive')
  return { bytes }
}

/**
 * Gives the value back.
 *
 * @throws RangeError for data that goes deeper than the stack: V8 writes deeper data than it reads.
 */
export function decodePayload(payload: Payload): unknown {
  if (!('bytes' in payload)) return payload.plain
  // Bun has a class of this name that reads nothing. Its views have memory of their own.
  if (process.versions['bun'] !== undefined) return deserialize(payload.bytes) as unknown
  const deserializer = new OwnMemoryDeserializer(payload.bytes)
  deserializer.readHeader()
  return deserializer.readValue() as unknown
}

/** What V8 calls for each view of bytes is documented, but not typed. */
const ViewDeserializer = DefaultDeserializer as new (data: Uint8Array) => DefaultDeserializer & {
  _readHostObject(): ArrayBufferView<ArrayBuffer>
}

/**
 * Gives each view of bytes memory of its own. Node's deserializer has it look into the message, or into the pool that
 * small buffers share: its `buffer` would show what stands beside it there.
 */
class OwnMemoryDeserializer extends ViewDeserializer {
  override _readHostObject(): ArrayBufferView<ArrayBuffer> {
    const view = super._readHostObject()
    const { buffer, byteOffset, byteLength } = view
    const memory = buffer.slice(byteOffset, byteOffset + byteLength)
    if (Buffer.isBuffer(view)) return Buffer.from(memory)
    return new (view.constructor as new (memory: ArrayBuffer) => ArrayBufferView<ArrayBuffer>)(memory)
  }
}

interface Budget {
  nodes: number
  /** Objects met before: a second reference to one is left to V8. */
  readonly seen: object[]
}

function plainCopy(value: unknown, depth: number, budget: Budget): unknown {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? NOT_PLAIN : value
  }
  if (depth > MAX_DEPTH || budget.nodes-- <= 0 || types.isProxy(value) || budget.seen.includes(value)) return NOT_PLAIN
  budget.seen.push(value)
  return Array.isArray(value) ? copyArray(value, depth, budget) : copyObject(value, depth, budget)
}

function copyArray(array: unknown[], depth: number, budget: Budget): unknown {
  if (Object.getPrototypeOf(array) !== Array.prototype || array.length > budget.nodes) return NOT_PLAIN
  const keys = Object.keys(array)
  // Holes, and keys that are no indexes, are left to V8.
  if (keys.length !== array.length) return NOT_PLAIN
  const copy: unknown[] = []
  // By its indexes: it may have an iterator of its own.
  for (let index = 0; index < array.length; index++) {
    const copied = plainCopy(array[index], depth + 1, budget)
    if (copied === NOT_PLAIN) return NOT_PLAIN
    copy.push(copied)
  }
  return copy
}

function copyObject(object: object, depth: number, budget: Budget): unknown {
  if (Object.getPrototypeOf(object) !== Object.prototype) return NOT_PLAIN
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(object)) {
    if (key === '__proto__') return NOT_PLAIN
    const copied = plainCopy((object as Record<string, unknown>)[key], depth + 1, budget)
    if (copied === NOT_PLAIN) return NOT_PLAIN
    copy[key] = copied
  }
  return copy
}

/** Tells whether a value is, or holds anywhere, one of which V8 clones nothing. `size`: how many bytes it makes of all. */
function holdsLost(value: unknown, size: number): boolean {
  return findLost(value, size) ?? findLost(value, size, new Set()) === true
}

/**
 * Looks for one. To remember what was seen costs more than all else, and a tree has fewer objects than bytes: who meets more
 * goes in circles, and is to come again with a memory. Then the answer is `undefined`.
 */
function findLost(value: unknown, size: number, seen?: Set<object>): boolean | undefined {
  const left = [value]
  let met = 0
  while (left.length > 0) {
    const one = left.pop()
    if (typeof one !== 'object' || one === null || types.isProxy(one) || seen?.has(one) === true) continue
    if (isLost(one)) return true
    if (seen !== undefined) seen.add(one)
    else if (++met > size) return undefined
    addInner(one, size, left)
  }
  return false
}

/** What keeps its state where a clone cannot reach, as classes of the platform do. Each names itself by a tag. */
function isLost(object: object): boolean {
  return Symbol.toStringTag in object && !isCloned(object) && Object.keys(object).length === 0
}

function isCloned(object: object): boolean {
  return (
    types.isMap(object) ||
    types.isSet(object) ||
    types.isAnyArrayBuffer(object) ||
    types.isArrayBufferView(object) ||
    types.isBoxedPrimitive(object)
  )
}

/** Adds the objects that an object holds, without asking its getters. A list that is longer than all its bytes is mostly holes. */
function addInner(object: object, size: number, found: unknown[]): void {
  if (types.isArrayBufferView(object)) return
  if (types.isMap(object)) addObjects(Map.prototype.values.call(object), found)
  else if (types.isSet(object)) addObjects(Set.prototype.values.call(object), found)
  else if (Array.isArray(object) && object.length <= size) addObjects(Array.prototype.values.call(object), found)
  else {
    for (const key of Object.keys(object)) {
      const inner: unknown = Object.getOwnPropertyDescriptor(object, key)?.value
      if (typeof inner === 'object') found.push(inner)
    }
  }
}

function addObjects(values: Iterable<unknown>, found: unknown[]): void {
  for (const inner of values) if (typeof inner === 'object') found.push(inner)
}
