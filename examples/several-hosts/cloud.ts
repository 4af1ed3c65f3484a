/** Stands in for the service that the hosts call: it takes the tokens that are valid now, and says which one it was. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export async function startCloud() {
  /** What to call a token in public, by the token. */
  const valid = new Map<string, string>()
  const server = createServer((request, response) => {
    const label = valid.get((request.headers.authorization ?? '').replace('Bearer ', ''))
    response.writeHead(label === undefined ? 401 : 200).end(label)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    valid,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
