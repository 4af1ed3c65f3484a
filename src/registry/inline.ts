/** Calls in this very process, for tests: one at a time, with the variables set for the call and put back after it. */
import { RegistrationError } from '../errors.ts'
import { encodeThrown, callError, redactThrown } from '../worker/thrown.ts'
import { currentCall, inTurn, secretsByName, withinCall } from '../worker/table.ts'
import { decodePayload, encodePayload } from '../worker/payload.ts'
import type { Ending } from './ending.ts'
import { resultNotCloneable } from './outcome.ts'
import type { Run } from './run.ts'

/**
 * Runs a call inline, after those before it. One that is given up has `graceMs` to end, as in a child; then the next begins,
 * for nothing can end its code.
 */
export async function runInline(run: Run, args: unknown[], ending: Ending, graceMs: number): Promise<unknown> {
  if (process.env['NODE_ENV'] === 'production') {
    throw new RegistrationError(
      'INLINE_IN_PRODUCTION',
      `${run.entry.name}: inline calls are for tests, and NODE_ENV is production.`,
      {
        hint: "Use isolation 'warm' or 'call'.",
      },
    )
  }
  return inTurn(() => runNow(run, args, ending, graceMs))
}

async function runNow(run: Run, args: unknown[], ending: Ending, graceMs: number): Promise<unknown> {
  ending.throwIfEnded()
  const { entry, scope, partition, variables } = run
  // The function may put another object in its place, which then holds the secrets as well.
  const environment = process.env
  const before = new Map<string, string | undefined>()
  for (const [name, value] of Object.entries(variables)) {
    before.set(name, environment[name])
    environment[name] = value
  }
  const secrets = secretsByName(variables, run.secrets)
  const call = currentCall({ name: entry.name, scope, partition, secrets }, () => ending.signal())
  let result: unknown
  let grace: NodeJS.Timeout | undefined
  const graceEnded = new Promise((resolve) => {
    ending.onEnd(() => (grace = setTimeout(resolve, graceMs)))
  })
  try {
    const given = withinCall(call, () => Reflect.apply<unknown, unknown[], unknown>(entry.fn, entry.self, args))
    result = await Promise.race([given, graceEnded])
  } catch (error) {
    // What a caller gets must not depend on where its function ran.
    throw callError(redactThrown(encodeThrown(error), run.redactor()))
  } finally {
    clearTimeout(grace)
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(environment, name)
      else environment[name] = value
    }
    Object.defineProperty(process, 'env', { value: environment, writable: true, enumerable: true, configurable: true })
  }
  ending.throwIfEnded()
  return clonedResult(entry.name, result)
}

function clonedResult(name: string, result: unknown): unknown {
  try {
    return decodePayload(encodePayload(result))
  } catch {
    // Whatever the serializer says of the value quotes it.
    throw resultNotCloneable(name)
  }
}
