/** Streams that mask values, for Node and for the web. */
import { Transform } from 'node:stream'
import type { TransformStream as WebTransformStream } from 'node:stream/web'
import { type MaskingBuffer, WITHHELD } from './mask.ts'

/** A web stream that masks: it gives strings if its first chunk is one, else bytes. */
export type RedactingTransformStream = WebTransformStream<string | Uint8Array, string | Uint8Array>

/** Makes a Node stream. `byteBuffer` makes a buffer for texts whose characters are bytes. */
export function createNodeStream(byteBuffer: () => MaskingBuffer): Transform {
  const buffer = withholding(byteBuffer)
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, Buffer.from(buffer.push(chunk.toString('latin1')), 'latin1'))
    },
    flush(done) {
      done(null, Buffer.from(buffer.end(), 'latin1'))
    },
  })
}

/** Makes a web stream. `textBuffer` and `byteBuffer` make the buffers; the first chunk decides which one is used. */
export function createWebStream(
  textBuffer: () => MaskingBuffer,
  byteBuffer: () => MaskingBuffer,
): RedactingTransformStream {
  let buffer: MaskingBuffer | undefined
  let asText = false
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const textOf = (chunk: string | Uint8Array): string =>
    typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
  const bytesOf = (chunk: string | Uint8Array): string =>
    typeof chunk === 'string'
      ? Buffer.from(chunk).toString('latin1')
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
  const shaped = (output: string): string | Uint8Array =>
    asText ? output : Uint8Array.from(Buffer.from(output, 'latin1'))

  return new TransformStream({
    transform(chunk, controller) {
      if (buffer === undefined) {
        asText = typeof chunk === 'string'
        buffer = withholding(asText ? textBuffer : byteBuffer)
      }
      const output = buffer.push(asText ? textOf(chunk) : bytesOf(chunk))
      if (output !== '') controller.enqueue(shaped(output))
    },
    flush(controller) {
      if (buffer === undefined) return
      const output = (asText ? buffer.push(decoder.decode()) : '') + buffer.end()
      if (output !== '') controller.enqueue(shaped(output))
    },
  })
}

/**
 * Withholds everything from a failure on: with what was held back lost, the rest of a value could not be told from text.
 */
export function withholding(create: () => MaskingBuffer): MaskingBuffer {
  let buffer: MaskingBuffer | undefined
  let failed = false
  function guarded(step: (buffer: MaskingBuffer) => string): string {
    if (failed) return ''
    try {
      buffer ??= create()
      return step(buffer)
    } catch {
      // Whatever failed: nothing of it may be passed on, not even its message.
      failed = true
      buffer = undefined
      return WITHHELD
    }
  }
  return {
    push: (piece) => guarded((buffer) => buffer.push(piece)),
    release: (most) => guarded((buffer) => buffer.release(most)),
    end: () => guarded((buffer) => buffer.end()),
  }
}
