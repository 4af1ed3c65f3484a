/** What may become of a request to Vault: by Vault itself, by what stands before it, and by the network. */
import type { Fault } from './fake.ts'
import { send } from './fake.ts'
import { refusal } from './storage.ts'

/** It is answered as if there were no fault. */
export const served: Fault = ({ response, answer }) => {
  send(response, answer())
}

/** It is never answered. */
export const hang: Fault = () => undefined

/** Vault is sealed. */
export const sealed: Fault = ({ response }) => {
  send(response, refusal(503, 'Vault is sealed'))
}

/** Vault answers with a status and errors. */
export function refused(status: number, errors: readonly string[] = ['1 error occurred'], headers = {}): Fault {
  return ({ response }) => {
    send(response, refusal(status, ...errors), headers)
  }
}

/** A proxy answers with a page. */
export function page(status: number, type = 'text/html'): Fault {
  return ({ response }) => {
    response.writeHead(status, { 'content-type': type })
    response.end('<html><body>hvs.root-canary-5c1e is welcome</body></html>')
  }
}

/** It is done, and the answer comes with other bytes. */
export function changed(change: (json: string) => string, headers: Record<string, string> = {}): Fault {
  return ({ response, answer }) => {
    const { status, json = '' } = answer()
    send(response, { status, json: change(json) }, headers)
  }
}

/** It is done, and the connection breaks in the middle of the answer. */
export const cut: Fault = ({ response, answer }) => {
  const { status, json = '' } = answer()
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) })
  response.write(json.slice(0, json.length / 2), () => response.destroy())
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

/** The answer begins, and goes no further. */
export const stuck: Fault = ({ response, answer }) => {
  const { status, json = '' } = answer()
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) })
  response.write(json.slice(0, 20))
}

/** The answer says that it is longer than anything should be. */
export const huge: Fault = ({ response }) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 * 1024 * 1024 })
  response.write('{')
}

/** A proxy answers with JSON. */
export function json(status: number, text: string): Fault {
  return ({ response }) => {
    send(response, { status, json: text })
  }
}

/** A standby node sends the client to another node. */
export function redirected(origin: string, status = 307): Fault {
  return ({ response, path }) => {
    response.writeHead(status, { location: `${origin}${path}` })
    response.end()
  }
}
