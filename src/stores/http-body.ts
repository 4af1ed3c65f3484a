/** What is read of an answer over HTTP: its body, within bounds, and when to come back. */

/** Reads a body of at most `maxBytes`; `undefined` if there is more. */
export async function boundedBody(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const length = Number(response.headers.get('content-length') ?? NaN)
  if (length > maxBytes) return undefined
  // What is not compressed is not longer than it says: node's parser sees to that.
  if (length >= 0 && !response.headers.has('content-encoding')) return new Uint8Array(await response.arrayBuffer())
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const UTF8 = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses JSON; `undefined` if it is none. What the parser says is swallowed: it quotes the text. */
export function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes)) as unknown
  } catch (error) {
    // A TypeError: no UTF-8. A SyntaxError: no JSON. A RangeError: nested too deep.
    if (error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}

/** Reads `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

/** Tells whether something is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
