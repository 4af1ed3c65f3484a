/** One call: validate the input, clone the arguments, read the secrets, check them, choose a worker, run, decode. */
import { CallError, InputError, WorkerError } from '../errors.ts'
import { holdsKnown, type Redactor } from '../redact/redactor.ts'
import { schemaFindings } from '../schemas/ask.ts'
import type { StandardSchema } from '../secret.ts'
import { onAbort } from '../stores/abort.ts'
import { isLater } from '../stores/waiting.ts'
import { nestedCall } from '../worker/child-registry.ts'
import type { Job, Outcome, ReadTime } from '../worker/job.ts'
import { decodePayload, encodePayload, type Payload } from '../worker/payload.ts'
import { assertStartsChildren } from '../worker/runtime.ts'
import type { Scheduler } from '../worker/scheduler.ts'
import { runningCall } from '../worker/table.ts'
import { runInline } from './inline.ts'
import type { RegistrySettings } from './options.ts'
import { argumentNotCloneable, decodeOutcome, registryClosed } from './outcome.ts'
import { createEnding, type Ending } from './ending.ts'
import type { Entry } from './entry.ts'
import { type CallTrace, traceCall } from './events.ts'
import type { Freshness } from './freshness.ts'
import { type Reading, readSecrets, requireFit } from './secrets.ts'
import { jobParts } from './job.ts'
import { placeRun } from './placement.ts'
import { prepareRun, type Run } from './run.ts'
import { withDeclaredPaths } from './schema.ts'
import type { CallOptions, Isolation } from './types.ts'
import { createCallLog } from './log.ts'
import type { Renewals } from './renewal.ts'

/** What a call needs of its registry. */
export interface CallContext {
  readonly settings: RegistrySettings
  /** True once the registry has been closed. */
  closed(): boolean
  /** Made when first needed: importing a module starts nothing. */
  scheduler(): Scheduler
  readonly freshness: Freshness
  /** There where stores are watched. */
  readonly renewals: Renewals | undefined
  /** What gives each call up that has not settled, when the registry is closed. */
  readonly calls: Set<() => void>
}

/** Runs one call, and publishes its events. Rejects, and never throws. */
export function runCall(
  entry: Entry,
  args: readonly unknown[],
  options: CallOptions,
  context: CallContext,
): Promise<unknown> {
  const describe = () => ({
    function: entry.name,
    scope: scopeOf(options, context),
    partition: options.partition,
    isolation: isolationOf(entry, options, context),
  })
  return traceCall(describe, options.signal, (trace) => callUntilEnd(entry, args, options, context, trace))
}

function scopeOf(options: CallOptions, { settings }: CallContext): string {
  return options.scope ?? settings.scope
}

function isolationOf(entry: Entry, options: CallOptions, { settings }: CallContext): Isolation {
  return options.isolation ?? entry.isolation ?? settings.isolation
}

async function callUntilEnd(
  entry: Entry,
  args: readonly unknown[],
  options: CallOptions,
  context: CallContext,
  trace: CallTrace | undefined,
): Promise<unknown> {
  if (context.closed()) throw registryClosed(entry.name)
  const { signal } = options
  signal?.throwIfAborted()
  // A child refuses it as well; inline it would wait for itself.
  if (runningCall() !== undefined) throw nestedCall(entry.name)
  const timeoutMs = options.timeoutMs ?? entry.timeoutMs ?? context.settings.timeoutMs
  const ending = createEnding()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop(
        new WorkerError('CALL_TIMEOUT', `${entry.name} did not end within ${timeoutMs} ms.`, {
          function: entry.name,
          hint: 'Whether it had its effects is not known. Raise timeoutMs, or have the function give up earlier by itself.',
        }),
      )
    }, timeoutMs)
    const stopListening =
      signal &&
      onAbort(signal, () => {
        stop(signal.reason)
      })
    const onClose = (): void => {
      stop(registryClosed(entry.name))
    }
    const settled = (): void => {
      clearTimeout(timer)
      context.calls.delete(onClose)
      stopListening?.()
    }
    /** Rejects at once; what the call has begun is then given up. */
    function stop(reason: unknown): void {
      settled()
      // The reason is the caller's own object, whatever it is.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(reason)
      ending.end(reason)
    }
    context.calls.add(onClose)
    perform(entry, args, options, context, ending, trace).then(
      (value) => {
        settled()
        resolve(value)
      },
      (error: unknown) => {
        settled()
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- see above
        reject(error)
      },
    )
  })
}

async function perform(
  entry: Entry,
  args: readonly unknown[],
  options: CallOptions,
  context: CallContext,
  ending: Ending,
  trace: CallTrace | undefined,
): Promise<unknown> {
  const { settings } = context
  const isolation = isolationOf(entry, options, context)
  if (isolation !== 'inline') assertStartsChildren()
  const scope = scopeOf(options, context)
  const checkedArgs = entry.input === undefined ? args : await validated(entry.name, entry.input, args)
  // A snapshot: what the caller does to its objects from here on changes nothing.
  const payload = cloned(entry.name, checkedArgs)
  const reader = { function: entry.name, scope, partition: options.partition, purpose: 'call' } as const
  const read = async (): Promise<Reading> => {
    const reading = await readSecrets(settings.store, entry.placed(scope), reader, ending)
    trace?.read(reading.found)
    ending.throwIfEnded()
    return reading
  }
  const attempt = async (reading: Reading): Promise<unknown> => {
    const { found: stored, time } = reading
    const found = entry.hasSchemas ? await requireFit(entry.name, stored, ending.signal()) : stored
    ending.throwIfEnded()
    const run = prepareRun(entry, scope, options.partition, found, settings.redact)
    const result =
      isolation === 'inline'
        ? await runInline(run, decodeArguments(entry.name, payload), ending, settings.graceMs)
        : decodeOutcome(run, await submit(run, time, isolation === 'call', payload, context, ending, trace))
    return checkedResult(entry, result, run.redactor)
  }
  const reading = await read()
  const isAuthError = options.isAuthError ?? entry.isAuthError
  if (isAuthError === undefined) return attempt(reading)
  try {
    return await attempt(reading)
  } catch (error) {
    // Only what the function itself threw can be an authentication error of its service.
    if (!(error instanceof CallError) || !recognises(isAuthError, error)) throw error
    ending.throwIfEnded()
    const newer = await context.freshness.newer(reading, read)
    if (newer === undefined) throw error
    trace?.again()
    return attempt(newer)
  }
}

/** An answer that comes later is none: the call waits for nobody. How it fails then is nobody's to handle either. */
function recognises(isAuthError: (error: CallError) => unknown, error: CallError): boolean {
  const answer = isAuthError(error)
  if (isLater(answer)) answer.then(undefined, () => undefined)
  return answer === true
}

/** The arguments of an inline run, which may change them: a second run starts from the same. */
function decodeArguments(name: string, payload: Payload): unknown[] {
  try {
    return decodePayload('bytes' in payload ? payload : encodePayload(payload.plain)) as unknown[]
  } catch {
    // They go deeper than the stack.
    throw argumentNotCloneable(name)
  }
}

async function validated(name: string, input: StandardSchema, args: readonly unknown[]): Promise<unknown[]> {
  const { value, issues } = await schemaFindings(input, args[0])
  if (issues === undefined) return [value, ...args.slice(1)]
  const findings = withDeclaredPaths(input, issues)
  const places = findings.map(
    ({ path, code }) => `${['input', ...path].join('.')}${code === undefined ? '' : `: ${code}`}`,
  )
  throw new InputError('INVALID_INPUT', `${name}: ${places.join('; ')}`, { findings })
}

function cloned(name: string, args: readonly unknown[]): Payload {
  try {
    return encodePayload([...args])
  } catch {
    // The serializer's words quote the value.
    throw argumentNotCloneable(name)
  }
}

function submit(
  run: Run,
  read: ReadTime,
  fresh: boolean,
  args: Payload,
  context: CallContext,
  ending: Ending,
  trace: CallTrace | undefined,
): Promise<Outcome> {
  const { entry, scope } = run
  const { settings } = context
  const placement = placeRun(run, fresh, settings)
  const log = createCallLog(settings.onLog, { function: entry.name, scope }, run.redactor)
  return new Promise((resolve) => {
    const job: Job = {
      ...jobParts(run, placement, args, settings),
      read,
      fresh,
      onLine: log.line,
      onAssigned: trace?.assigned,
      settle: (outcome) => {
        log.end()
        resolve(outcome)
      },
    }
    trace?.submitted()
    const cancel = context.scheduler().submit(job)
    if (!fresh) context.renewals?.used(run, placement.family)
    ending.onEnd(() => {
      log.end()
      cancel()
    })
  })
}

function checkedResult(entry: Entry, value: unknown, redactor: () => Redactor): unknown {
  if (entry.results === 'pass') return value
  if (entry.results === 'redact') return redactor().redactValue(value)
  if (!holdsKnown(redactor(), value)) return value
  throw new WorkerError(
    'RESULT_REFUSED',
    `${entry.name} returned a secret's value, and results: 'refuse' keeps it back.`,
    {
      function: entry.name,
      hint: "Return what the caller needs, without the secret; or use results: 'redact'.",
    },
  )
}
