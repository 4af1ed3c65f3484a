/** A GitHub of the tests' own: it keeps what it is sent, and takes one token. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

export async function startServer() {
  const issues: unknown[] = []
  const server = createServer((request, response) => {
    void json(request).then((issue) => {
      const isKnown = request.headers.authorization === 'Bearer made-up-token'
      if (isKnown) issues.push(issue)
      response.writeHead(isKnown ? 201 : 401).end(JSON.stringify({ number: issues.length }))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    issues,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
