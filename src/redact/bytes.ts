/** Copies bytes, of every class that holds them, with the values in them masked. */
import { types } from 'node:util'
import { MASK } from './mask.ts'

type View = new (buffer: ArrayBuffer) => ArrayBufferView

const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object

/**
 * Copies a view or an array buffer. The copy has memory of its own: what stands beside a view, as in the pool that small
 * buffers share, is not the view's to show.
 *
 * @param mask - masks a text whose characters are bytes.
 * @returns the mask where something was masked in numbers that are no bytes.
 */
export function copyBytes(part: ArrayBufferView | ArrayBufferLike, mask: (bytes: string) => string): unknown {
  const bytes = bytesOf(part)
  const text = bytes.toString('latin1')
  const masked = mask(text)
  const copy = new Uint8Array(masked === text ? bytes : Buffer.from(masked, 'latin1'))
  if (Buffer.isBuffer(part)) return Buffer.from(copy.buffer)
  if (types.isAnyArrayBuffer(part)) return copy.buffer
  if (types.isUint8Array(part)) return copy
  if (masked !== text) return MASK
  return new (classOf(part))(copy.buffer)
}

function bytesOf(part: ArrayBufferView | ArrayBufferLike): Buffer {
  if (!ArrayBuffer.isView(part)) return Buffer.from(part)
  // An own property of the same name would be somebody's code.
  const prototype = types.isDataView(part) ? DataView.prototype : TYPED_ARRAY
  const read = (key: keyof ArrayBufferView): unknown => Reflect.get(prototype, key, part)
  return Buffer.from(read('buffer') as ArrayBuffer, read('byteOffset') as number, read('byteLength') as number)
}

function classOf(part: ArrayBufferView): View {
  if (types.isDataView(part)) return DataView
  const name = Reflect.get(TYPED_ARRAY, Symbol.toStringTag, part) as string
  return Reflect.get(globalThis, name) as View
}
