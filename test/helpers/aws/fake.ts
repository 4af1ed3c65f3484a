/** A Secrets Manager for tests: it speaks the JSON 1.1 protocol on loopback to the real SDK, and fails as it is told to. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { emptySecretsManager } from './secrets-manager.ts'
import type { Outcome, SecretsManager } from './secrets-manager.ts'

/** A request, and what the fake would answer to it. */
export interface Exchange {
  /** E.g. `GetSecretValue`. */
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
  readonly response: ServerResponse
  /** Does what is asked, and gives the outcome. */
  readonly answer: () => Outcome
}

/** Answers in place of the fake, or does not. */
export type Fault = (exchange: Exchange) => void

/** A running fake. */
export interface FakeAws {
  readonly region: string
  readonly endpoint: string
  readonly state: SecretsManager
  /** The operations that were asked for. */
  readonly requests: string[]
  /** What becomes of the next requests, one each; `undefined`: nothing. */
  readonly faults: (Fault | undefined)[]
  /** What becomes of requests for an operation. */
  readonly faultsOf: Map<string, Fault>
  stop(): Promise<void>
}

/** What the fake's client signs with. */
export const CREDENTIALS = Object.freeze({ accessKeyId: 'AKIDCANARY', secretAccessKey: 'canary-secret-access-key' })

/** Starts a fake. */
export async function startFakeAws(): Promise<FakeAws> {
  const state = emptySecretsManager()
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const operation = String(request.headers['x-amz-target']).replace('secretsmanager.', '')
      const input = JSON.parse(body) as Record<string, unknown>
      aws.requests.push(operation)
      const exchange = { operation, input, response, answer: () => state.act(operation, input) }
      const fault = aws.faults.shift() ?? aws.faultsOf.get(operation)
      if (fault === undefined) send(response, exchange.answer())
      else fault(exchange)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const aws: FakeAws = {
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    requests: [],
    faults: [],
    faultsOf: new Map(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
  return aws
}

/** Sends an outcome as Secrets Manager does. */
export function send(response: ServerResponse, outcome: Outcome): void {
  const isError = 'error' in outcome
  const text = JSON.stringify(isError ? { __type: outcome.error, Message: 'canary-message' } : outcome.body)
  response.writeHead(isError ? (outcome.error === 'InternalServiceError' ? 500 : 400) : 200, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': '00000000-0000-4000-8000-000000000000',
  })
  response.end(text)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
