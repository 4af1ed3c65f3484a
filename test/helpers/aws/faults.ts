/** What may become of a request to Secrets Manager: by AWS itself, by what stands before it, and by the network. */
import type { Exchange, Fault } from './fake.ts'
import { send } from './fake.ts'

/** It is never answered. */
export const hang: Fault = () => undefined

/** AWS answers with an error of this name. */
export function refused(error: string): Fault {
  return ({ response }) => {
    send(response, { error })
  }
}

/** A proxy answers with a page. */
export function page(status: number): Fault {
  return ({ response }) => {
    response.writeHead(status, { 'content-type': 'text/html' })
    response.end('<html><body>canary-page</body></html>')
  }
}

/** It is done, and the connection breaks in the middle of the answer. */
export const cut: Fault = ({ response, answer }) => {
  const text = JSON.stringify(answer())
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', 'content-length': Buffer.byteLength(text) })
  response.write(text.slice(0, text.length / 2), () => response.destroy())
}

/** It is done, and the answer is only the half of one, by its own account whole. */
export const halved: Fault = ({ response, answer }) => {
  const outcome = answer()
  const text = JSON.stringify('body' in outcome ? outcome.body : outcome)
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(text.slice(0, text.length / 2))
}

/** It is done, and the connection breaks before the answer. */
export const lost: Fault = ({ response, answer }) => {
  answer()
  response.destroy()
}

/** The connection breaks before it is done. */
export const dropped: Fault = ({ response }) => {
  response.destroy()
}

/** It is answered with another body. */
export function answered(body: object): Fault {
  return ({ response }) => {
    send(response, { body })
  }
}

/** It is done and answered, after something else. */
export function after(act: (exchange: Exchange) => void | Promise<void>): Fault {
  return (exchange) => {
    void Promise.resolve(act(exchange)).then(() => {
      send(exchange.response, exchange.answer())
    })
  }
}
