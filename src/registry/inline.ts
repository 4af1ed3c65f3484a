/** Calls in this very process, for tests: one at a time, with the variables set for the call and put back after it. */
import { isLatchkeyError, RegistrationError } from '../errors.ts'
import { encodeThrown, callError, redactThrown } from '../worker/thrown.ts'
import { inTurn, withinCall } from '../worker/table.ts'
import { deserialize, serialize } from 'node:v8'
import { resultNotCloneable } from './outcome.ts'
import { type Run, valueOf } from './run.ts'

/** Runs a call inline, after those before it. */
export async function runInline(run: Run, args: unknown[], ending: AbortSignal): Promise<unknown> {
  if (process.env['NODE_ENV'] === 'production') {
    throw new RegistrationError(
      'INLINE_IN_PRODUCTION',
      `${run.entry.name}: inline calls are for tests, and NODE_ENV is production.`,
      {
        hint: "Use isolation 'warm' or 'call'.",
      },
    )
  }
  return inTurn(() => runNow(run, args, ending))
}

async function runNow(run: Run, args: unknown[], ending: AbortSignal): Promise<unknown> {
  ending.throwIfAborted()
  const { entry, scope, partition, variables, found } = run
  const secrets = Object.create(null) as Record<string, Record<string, string>>
  const before = new Map<string, string | undefined>()
  for (const variable of variables) {
    before.set(variable.name, process.env[variable.name])
    const value = valueOf(found, variable)
    process.env[variable.name] = value
    const of = (secrets[variable.need.name] ??= Object.create(null) as Record<string, string>)
    of[variable.key] = value
  }
  try {
    const result = await withinCall({ name: entry.name, scope, partition, signal: ending, secrets }, () => {
      return Reflect.apply<unknown, unknown[], unknown>(entry.fn, entry.self, args)
    })
    return clonedResult(entry.name, result)
  } catch (error) {
    // What a caller gets must not depend on where its function ran.
    throw isLatchkeyError(error) ? error : callError(redactThrown(encodeThrown(error), run.redactor()))
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
  }
}

function clonedResult(name: string, result: unknown): unknown {
  let bytes
  try {
    bytes = serialize(result)
  } catch {
    throw resultNotCloneable(name)
  }
  return deserialize(bytes)
}
