/** The service: whose request it is decides in which scope the function is called. */
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { isLatchkeyError, MissingSecretsError } from 'latchkey'
import { openIssue, registry } from './integrations.ts'

/** The scope comes from what the service itself knows of its customers, never from the request's own words. */
const scopes = new Map([
  ['key-of-acme', 'acme/production'],
  ['key-of-globex', 'globex/production'],
  ['key-of-initech', 'initech/production'],
])

const newIssue = {
  type: 'object',
  properties: { title: { type: 'string', minLength: 1 } },
  required: ['title'],
  additionalProperties: false,
} as const

const TRY_AGAIN = { error: 'Try again later.' }

export function createService(github: string): FastifyInstance {
  const service = Fastify()
  service.post<{ Body: { title: string } }>('/issues', { schema: { body: newIssue } }, async (request, reply) => {
    const issue = await openIssue.with({ scope: scopeOf(request) })(github, request.body.title)
    return reply.code(201).send(issue)
  })
  // For the settings page: what this tenant has still to bring.
  service.get('/missing', async (request, reply) => {
    const { missing, failures } = await registry.check({ scope: scopeOf(request) })
    // Of a store that cannot be asked nobody knows what is missing.
    if (failures.length > 0) return reply.code(503).send(TRY_AGAIN)
    return missing.map(({ secret, key }) => ({ secret, key }))
  })
  service.setErrorHandler((error, request, reply) => {
    const { status, body } = answerTo(error)
    if (status >= 500) request.log.error(error)
    return reply.code(status).send(body)
  })
  service.addHook('onClose', () => registry.close())
  return service
}

class UnknownCaller extends Error {
  readonly statusCode = 401
}

function scopeOf(request: FastifyRequest): string {
  const scope = scopes.get(String(request.headers['x-api-key']))
  if (scope === undefined) throw new UnknownCaller('Who are you?')
  return scope
}

/** Callers are told what they can mend. Everything else is for the service's own log. */
function answerTo(error: unknown): { status: number; body: object } {
  if (error instanceof MissingSecretsError) {
    // Not the whole error: which functions there are is no tenant's business.
    const missing = error.missing.map(({ secret, key }) => ({ secret, key }))
    return { status: 409, body: { error: 'Bring these secrets first.', missing } }
  }
  if (isLatchkeyError(error, 'QUEUE_FULL')) return { status: 503, body: TRY_AGAIN }
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500)
    return { status: error.statusCode, body: { error: error.message } }
  return { status: 502, body: { error: 'The integration failed.' } }
}
