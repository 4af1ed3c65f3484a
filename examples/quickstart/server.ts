/** Stands in for the services that the example calls: it answers whoever sends the right key. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * Starts the server on a free loopback port.
 *
 * @param keys - the key that each path asks for, as `Authorization: Bearer KEY`.
 */
export async function startServer(keys: Readonly<Record<string, string | undefined>>) {
  let issues = 0
  const server = createServer((request, response) => {
    request.resume()
    const key = keys[request.url ?? '']
    const known = key !== undefined && request.headers.authorization === `Bearer ${key}`
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(known ? { number: ++issues } : { message: 'who are you?' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
