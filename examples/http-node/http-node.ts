/** The node's pipeline: validation, resolution, request, and a log that holds no value. */
import { checkTemplate, resolveTemplate, type SecretStore } from 'latchkey'
import { createRedactor } from 'latchkey/redact'

/** A node as the editor stores it: JSON, with references where values will be. */
export interface HttpNode {
  readonly type: 'http_request'
  /** The secrets that whoever made the node may use in it. */
  readonly secrets: readonly string[]
  readonly request: { method: string; url: string; headers: Record<string, string>; body: unknown }
}

/** What a run of a workflow brings. */
export interface Run {
  readonly store: SecretStore
  readonly scope: string
  /** What the nodes before this one gave. */
  readonly inputs: Readonly<Record<string, unknown>>
  readonly log: (line: string) => void
}

/** Tells everything that is wrong with a node, from names alone: for the editor, and before a run starts. */
export async function validate(node: HttpNode, { store, scope, inputs }: Omit<Run, 'log'>): Promise<string[]> {
  const issues = await checkTemplate(node.request, { SECRETS: store, INPUTS: inputs }, { scope, allow: node.secrets })
  return issues.map(({ pointer, code, reference = '' }) => `${pointer}: ${code} ${reference}`)
}

/** Runs a node, and gives the status and the body of the answer to the next one. */
export async function runHttpNode(node: HttpNode, { store, scope, inputs, log }: Run) {
  // It learns each value that is filled in, and masks it in whatever is logged.
  const redactor = createRedactor()
  const logged = (what: string, record: unknown): void => {
    log(`${what} ${JSON.stringify(redactor.redactValue(record))}`)
  }
  const options = { scope, allow: node.secrets, redactor }
  const request = await resolveTemplate(node.request, { SECRETS: store, INPUTS: inputs }, options)
  logged('request', request)
  try {
    const { url, method, headers, body } = request
    const response = await fetch(url, { method, headers, ...(body !== null && { body: JSON.stringify(body) }) })
    const answer = { status: response.status, body: await response.json() }
    logged('answer', answer)
    return answer
  } catch (error) {
    logged('failed', String(error))
    throw redactor.redactError(error)
  }
}
