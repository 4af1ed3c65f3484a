/** Stands in for GitHub, Stripe and a chat, on loopback: each answers only who sends its own key. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

type Answer = [status: number, body: unknown]

/** Starts the three. `revoke()` has Stripe refuse its key from then on. */
export async function startServices(keys: { github: string; stripe: string; chat: string }) {
  let stripeKey = keys.stripe
  let owed = 0
  const github = await start((request) => {
    if (request.headers.authorization !== `token ${keys.github}`) return [401, { message: 'Bad credentials' }]
    return [
      200,
      [
        { number: 12, title: 'Login page, 3h' },
        { number: 15, title: 'Search, 5h' },
      ],
    ]
  })
  const stripe = await start((request, body) => {
    const key = request.headers.authorization?.replace('Bearer ', '')
    // Services do say which key was wrong, and the SDK puts that into its error.
    if (key !== stripeKey) return [401, { error: { message: `Invalid API Key provided: ${key ?? 'none'}` } }]
    if (request.url === '/v1/invoiceitems') {
      owed += Number(new URLSearchParams(body).get('amount'))
      return [200, { id: 'ii_1' }]
    }
    return [200, { id: 'in_1', total: owed }]
  })
  const chat = await start((request, body) =>
    request.headers.authorization === `Bearer ${keys.chat}` ? [200, body] : [401, 'who are you?'],
  )
  return {
    github: github.url,
    stripe: stripe.url,
    chat: chat.url,
    revoke() {
      stripeKey = 'the next one'
    },
    close() {
      for (const { server } of [github, stripe, chat]) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

async function start(answer: (request: IncomingMessage, body: string) => Answer) {
  const server = createServer((request, response) => {
    void text(request).then((sent) => {
      const [status, body] = answer(request, sent)
      const isText = typeof body === 'string'
      response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' })
      response.end(isText ? body : JSON.stringify(body))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
