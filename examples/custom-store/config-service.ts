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

  const server = createServer((request, response) => {
    const answer = (status: number, body = '', headers: Record<string, string> = {}): void => {
      response.writeHead(status, headers).end(body)
    }
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://service')
    const key = decodeURIComponent(pathname.slice(1))
    void text(request).then((body) => {
      if (request.headers.authorization !== `Bearer ${token}`) return answer(403)
      const prefix = searchParams.get('prefix')
      if (prefix !== null) return answer(200, JSON.stringify([...texts.keys()].filter((one) => one.startsWith(prefix))))
      const tag = tags.get(key)
      if (request.method === 'GET') return tag === undefined ? answer(404) : answer(200, texts.get(key), { etag: tag })
      if (!holds(request, key)) return answer(412)
      if (request.method === 'DELETE') return tags.delete(key) && texts.delete(key) ? answer(204) : answer(404)
      texts.set(key, body)
      tags.set(key, `"${++writes}"`)
      return answer(204)
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
