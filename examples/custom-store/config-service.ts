/** Stands in for a configuration service: texts under keys, with ETags, so that a writer can say which text it replaces. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** Starts one, empty, that knows `token`; `texts` is what lies in it. */
export async function startConfigService(token: string) {
  const texts = new Map<string, string>()
  const tags = new Map<string, string>()
  let writes = 0

  /** Whether the caller's condition holds: `If-Match` names the text that must be there, `If-None-Match: *` wants none. */
  const holds = ({ headers }: IncomingMessage, key: string): boolean => {
    if (headers['if-none-match'] === '*') return !tags.has(key)
    return headers['if-match'] === undefined || headers['if-match'] === tags.get(key)
  }

  const answerTo = (request: IncomingMessage, body: string): { status: number; text?: string; tag?: string } => {
    if (request.headers.authorization !== `Bearer ${token}`) return { status: 403 }
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://service')
    const key = decodeURIComponent(pathname.slice(1))
    const prefix = searchParams.get('prefix')
    if (prefix !== null) {
      return { status: 200, text: JSON.stringify([...texts.keys()].filter((one) => one.startsWith(prefix))) }
    }
    if (request.method === 'GET') {
      const tag = tags.get(key)
      return tag === undefined ? { status: 404 } : { status: 200, text: texts.get(key) ?? '', tag }
    }
    if (!holds(request, key)) return { status: 412 }
    if (request.method === 'DELETE') return { status: tags.delete(key) && texts.delete(key) ? 204 : 404 }
    texts.set(key, body)
    tags.set(key, `"${++writes}"`)
    return { status: 204 }
  }

  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { status, text = '', tag } = answerTo(request, body)
      response.writeHead(status, tag === undefined ? {} : { etag: tag }).end(text)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    texts,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
