/** One call: validate the input, clone the arguments, read the secrets, check them, choose a worker, run, decode. */
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { InputError, RegistrationError, WorkerError } from '../errors.ts'
import type { Redactor } from '../redact/index.ts'
import { allowedVariables } from '../worker/environment.ts'
import { mainModules, modulePath } from '../worker/host-modules.ts'
import type { Job, Outcome, Scheduler } from '../worker/scheduler.ts'
import { runInline } from './inline.ts'
import type { RegistrySettings } from './options.ts'
import { decodeOutcome } from './outcome.ts'
import type { Entry } from './entry.ts'
import { schemaFindings } from './schema.ts'
import { findInvalid, readSecrets, requireAll, requireValid } from './secrets.ts'
import { foundVariables, lazyRedactor, type Run, valueOf } from './run.ts'
import type { CallOptions } from './types.ts'
import { writeLog } from './log.ts'

/** What a call needs of its registry. */
export interface CallContext {
  readonly settings: RegistrySettings
  /** Made when first needed: importing a module starts nothing. */
  scheduler(): Scheduler
}

/** Runs one call. Rejects, and never throws. */
export async function runCall(
  entry: Entry,
  args: readonly unknown[],
  options: CallOptions,
  context: CallContext,
): Promise<unknown> {
  const { signal } = options
  signal?.throwIfAborted()
  const timeoutMs = options.timeoutMs ?? entry.timeoutMs ?? context.settings.timeoutMs
  const ending = new AbortController()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop(
        new WorkerError('CALL_TIMEOUT', `${entry.name} did not end within ${timeoutMs} ms.`, { function: entry.name }),
      )
    }, timeoutMs)
    const onAbort = (): void => {
      stop(signal?.reason)
    }
    const settled = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    /** Rejects at once; what the call has begun is then given up. */
    function stop(reason: unknown): void {
      settled()
      // The reason is the caller's own object, whatever it is.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(reason)
      ending.abort(reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    perform(entry, args, options, context, ending.signal).then(
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
  ending: AbortSignal,
): Promise<unknown> {
  const { settings } = context
  const isolation = options.isolation ?? entry.isolation ?? settings.isolation
  const scope = options.scope ?? settings.scope
  const checkedArgs = entry.input === undefined ? args : await validated(entry, args)
  // A snapshot: what the caller does to its objects from here on changes nothing.
  const bytes = cloned(entry.name, checkedArgs)
  const found = await readSecrets(settings.store, entry.placed(scope), ending)
  ending.throwIfAborted()
  requireAll(entry.name, found)
  if (entry.hasSchemas) requireValid(await findInvalid(entry.name, found))
  const variables = foundVariables(entry.name, found)
  const run = {
    entry,
    scope,
    partition: options.partition,
    found,
    variables,
    redactor: lazyRedactor(settings.redact, variables, found),
  }
  if (isolation === 'inline') return runInline(run, deserialize(bytes) as unknown[], ending)
  const outcome = await submit(run, isolation === 'call', bytes, context, ending)
  return checkedResult(entry, decodeOutcome(run, outcome), run.redactor)
}

async function validated(entry: Entry, args: readonly unknown[]): Promise<unknown[]> {
  if (entry.input === undefined) return [...args]
  const { value, issues } = await schemaFindings(entry.input, args[0])
  if (issues === undefined) return [value, ...args.slice(1)]
  const places = issues.map(
    ({ path, code }) => `${['input', ...path].join('.')}${code === undefined ? '' : `: ${code}`}`,
  )
  throw new InputError('INVALID_INPUT', `${entry.name}: ${places.join('; ')}`, { findings: issues })
}

function cloned(name: string, args: readonly unknown[]): Uint8Array {
  try {
    return serialize([...args])
  } catch {
    // The serializer's words quote the value.
    throw new InputError('NOT_CLONEABLE', `${name}: an argument cannot be cloned into a child process.`, {
      hint: 'Pass data only: no functions, symbols, streams, promises or proxies.',
    })
  }
}

function submit(
  run: Run,
  fresh: boolean,
  args: Uint8Array,
  context: CallContext,
  ending: AbortSignal,
): Promise<Outcome> {
  const { entry, scope, partition, found, variables } = run
  const module = importable(entry)
  const registry = entry.registry
  const family = JSON.stringify([
    fresh,
    scope,
    partition ?? null,
    module,
    found.map(({ need, scope }) => [need.name, scope]),
  ])
  const key = JSON.stringify([
    family,
    fileMark(module),
    found.map(({ secret }) => secret?.version),
    variables.map(({ name, need, key }) => [name, need.name, key]),
  ])
  return new Promise((resolve) => {
    const job: Job = {
      key,
      family,
      fresh,
      init: () => {
        const values = Object.assign(
          Object.create(null) as Record<string, string>,
          allowedVariables(context.settings.env),
        )
        const secrets = Object.create(null) as Record<string, Record<string, string>>
        for (const variable of variables) {
          values[variable.name] = valueOf(found, variable)
          const of = (secrets[variable.need.name] ??= Object.create(null) as Record<string, string>)
          of[variable.key] = variable.name
        }
        return { key, module, variables: values, secrets, mains: mainModules() }
      },
      call: { key, name: entry.name, module, registry, scope, partition, args },
      onLine: (stream, line) => {
        writeLog(context.settings.onLog, { function: entry.name, scope, stream, line: run.redactor().redact(line) })
      },
      settle: resolve,
    }
    const cancel = context.scheduler().submit(job)
    ending.addEventListener('abort', cancel, { once: true })
  })
}

/** The URL that a child imports for a function. */
function importable({ name, module }: Entry): string {
  if (module === undefined) {
    throw new RegistrationError('MODULE_UNKNOWN', `${name}: latchkey cannot tell which module registered it.`, {
      hint: 'Give register({ module: import.meta.url }) in that module.',
    })
  }
  const path = modulePath(module)
  if (path === undefined || !mainModules().includes(path)) return module
  throw new RegistrationError(
    'MAIN_MODULE',
    `${name} is registered in ${module}, the program's main module: a child would start the whole program again.`,
    { hint: 'Move the function to a module of its own, and import that from the main module.' },
  )
}

/** Changes when the module's file does, so that a worker never runs a file's older contents for a newer host. */
function fileMark(module: string): string {
  if (!module.startsWith('file:')) return ''
  const stats = statSync(fileURLToPath(module), { throwIfNoEntry: false })
  // What is not there is for the child's import to report.
  return stats === undefined ? '' : `${stats.mtimeMs}:${stats.size}`
}

function checkedResult(entry: Entry, value: unknown, redactor: () => Redactor): unknown {
  if (entry.results === 'pass') return value
  const redacted = redactor().redactValue(value)
  if (entry.results === 'redact' || isDeepStrictEqual(redacted, value)) return redacted
  throw new WorkerError(
    'RESULT_REFUSED',
    `${entry.name} returned a secret's value, and results: 'refuse' keeps it back.`,
    {
      function: entry.name,
      hint: "Return what the caller needs, without the secret; or use results: 'redact'.",
    },
  )
}
