/** Stands in for a mail service. It holds its first two answers back until both requests are there: two machines are at work. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export async function startMail(token: string) {
  const held: ServerResponse[] = []
  let answered = 0
  let overloaded = 0
  const server = createServer((request, response) => {
    void text(request).then((to) => {
      if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end()
      // Once; and it quotes the token, as services do.
      if (to.startsWith('retry') && overloaded++ === 0) return response.writeHead(503).end(`too many mails of ${token}`)
      if (answered >= 2) return response.end()
      held.push(response)
      if (held.length < 2) return
      for (const one of held.splice(0)) {
        answered += 1
        one.end()
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
