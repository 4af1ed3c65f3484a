/** Stands in for GitHub: whose token it is decides whose issue is opened. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** @param owners - who has which token. */
export async function startGitHub(owners: ReadonlyMap<string, string>) {
  let number = 0
  const server = createServer((request, response) => {
    request.resume()
    const owner = owners.get((request.headers.authorization ?? '').replace('Bearer ', ''))
    response.writeHead(owner === undefined ? 401 : 201, { 'content-type': 'application/json' })
    response.end(JSON.stringify(owner === undefined ? {} : { number: ++number, owner }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
