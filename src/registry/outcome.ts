/** Turns what became of a job into the call's result or error. */
import { InputError, RegistrationError, WorkerError, type WorkerErrorCode } from '../errors.ts'
import { decodePayload, type Payload } from '../worker/payload.ts'
import type { CallReply, InitReply } from '../worker/protocol.ts'
import type { Outcome } from '../worker/job.ts'
import { callError, errorOf, redactThrown, type Thrown } from '../worker/thrown.ts'
import type { WorkerExit } from '../worker/worker.ts'
import type { Run } from './run.ts'

/** What to do about a process that did not do its work. */
const HINTS: Readonly<Partial<Record<WorkerErrorCode, string>>> = {
  WORKER_CRASHED:
    'Look for process.exit, an unhandled rejection or too little memory in the function. It may have had its effects: decide whether to call again.',
  WORKER_START_FAILED:
    'Look for a module that ends its process while it is imported, and at the limits of the host: processes, memory, flags.',
  WORKER_START_TIMEOUT:
    'Look for a module that waits for something at its top level; give pool.startTimeoutMs more time if its import is slow.',
  WORKER_PROTOCOL:
    'Look for code in the function that uses process.send, process.disconnect or the listeners of process.',
  QUEUE_FULL: 'Call less at a time, or allow more by pool.maxProcesses, pool.maxQueue or pool.maxQueuePerKey.',
}

/** Gives the result of a call, or throws its error. */
export function decodeOutcome(run: Run, outcome: Outcome): unknown {
  switch (outcome.kind) {
    case 'reply':
      return decodeReply(run, outcome.reply)
    case 'init-failed':
      throw trusted(run, () => initError(run, outcome.reply))
    case 'crashed':
      throw workerError(run, 'WORKER_CRASHED', 'its process ended in the middle of the call', outcome.exit)
    case 'start-failed':
      throw workerError(run, 'WORKER_START_FAILED', 'its process ended before the function could run', outcome.exit)
    case 'start-timeout':
      throw workerError(
        run,
        'WORKER_START_TIMEOUT',
        'its process did not start, or its module was not imported, in time',
      )
    case 'bad-reply':
      throw badReply(run)
    case 'queue-full':
      throw workerError(run, 'QUEUE_FULL', 'too many calls are waiting')
    case 'closed':
      throw registryClosed(run.entry.name)
  }
}

function decodeReply(run: Run, reply: CallReply): unknown {
  if (reply.ok) {
    return decodeResult(run, reply.value)
  }
  switch (reply.why) {
    case 'threw':
      throw trusted(run, () => callError(redactThrown(reply.thrown, run.redactor())))
    case 'arguments-not-cloneable':
      throw argumentNotCloneable(run.entry.name)
    case 'not-cloneable':
      throw resultNotCloneable(run.entry.name)
    case 'not-registered':
      throw new RegistrationError(
        'NOT_REGISTERED_IN_CHILD',
        `${run.entry.name} was not registered when a child imported ${run.entry.module ?? 'its module'}.`,
        {
          hint:
            'Register it at the top level of that module, whatever process imports it; if it is registered by way of ' +
            'a helper in another module, pass register({ module: import.meta.url }).',
        },
      )
    case 'ambiguous':
      throw new RegistrationError(
        'NOT_REGISTERED_IN_CHILD',
        `${run.entry.name} was registered more than once when a child imported ${run.entry.module ?? 'its module'}, in the same place, and nothing tells which of them was called.`,
        {
          hint:
            'Where a loop or a helper makes registries, give each function a name of its own; or register it once, and ' +
            'call it with a scope.',
        },
      )
    default:
      throw workerError(run, 'WORKER_PROTOCOL', 'its process refused the call')
  }
}

function decodeResult(run: Run, value: Payload): unknown {
  try {
    return decodePayload(value)
  } catch (error) {
    // It goes deeper than the stack here, though the child could write it.
    if (error instanceof RangeError) throw resultNotCloneable(run.entry.name)
    throw badReply(run)
  }
}

function initError(run: Run, reply: InitReply & { ok: false }): Error {
  const { name, module } = run.entry
  switch (reply.why) {
    case 'main':
      return new RegistrationError(
        'MAIN_MODULE',
        `${name}: its module, ${module ?? ''}, imports the program's main module, which would start the program again in a child.`,
        { hint: 'Break the cycle: the module that registers functions must not import the main module.' },
      )
    case 'needs-loader':
      return new RegistrationError(
        'TS_NEEDS_LOADER',
        `${name}: this Node cannot import ${module ?? ''}, which is TypeScript.`,
        {
          hint: 'Install tsx beside the module, start the program with --import tsx, or compile the module.',
        },
      )
    case 'threw': {
      const thrown = redactThrown(reply.thrown, run.redactor())
      const what = thrown.kind === 'error' ? `${thrown.name}: ${thrown.message}` : 'something that is no error'
      return new RegistrationError('MODULE_FAILED', `${name}: its module failed when a child imported it: ${what}`, {
        cause: thrown.kind === 'error' ? errorOf(thrown) : undefined,
        hint: isNotFound(thrown)
          ? 'Install the package, or correct the path: a child resolves it from the file that imports it, as your program does.'
          : `The child's environment has ${reply.names.join(', ')}. A module that needs others when it is imported gets ` +
            'them by createRegistry({ env: [names] }), or from a secret.',
      })
    }
  }
}

/** A module, or a package, that Node's loaders did not find. */
function isNotFound(thrown: Thrown): boolean {
  return thrown.kind === 'error' && (thrown.code === 'ERR_MODULE_NOT_FOUND' || thrown.code === 'MODULE_NOT_FOUND')
}

function workerError(
  run: Run,
  code: ConstructorParameters<typeof WorkerError>[0],
  what: string,
  exit?: WorkerExit,
): WorkerError {
  const how = [
    exit?.exitCode === undefined ? '' : `exit code ${exit.exitCode}`,
    exit?.signal === undefined ? '' : `signal ${exit.signal}`,
    exit?.startError === undefined ? '' : exit.startError,
  ].filter((part) => part !== '')
  return new WorkerError(code, `${run.entry.name}: ${what}${how.length === 0 ? '' : ` (${how.join(', ')})`}.`, {
    function: run.entry.name,
    exitCode: exit?.exitCode,
    signal: exit?.signal,
    hint: HINTS[code],
  })
}

/** Decodes what a child said; a child that forged it gets no further than this call. */
function trusted<T>(run: Run, decode: () => T): T {
  try {
    return decode()
  } catch {
    // Whatever the decoder says of it quotes it.
    throw badReply(run)
  }
}

function badReply(run: Run): WorkerError {
  return workerError(run, 'WORKER_PROTOCOL', 'its process answered something that is no answer')
}

/** The error for a call of a registry that was closed, before it or under it. */
export function registryClosed(fn: string): WorkerError {
  return new WorkerError('REGISTRY_CLOSED', `${fn}: the registry has been closed.`, {
    function: fn,
    hint: 'Call registry.close() when the last call has settled.',
  })
}

/** The error for an argument that is not data. */
export function argumentNotCloneable(fn: string): InputError {
  return new InputError('NOT_CLONEABLE', `${fn}: an argument cannot be cloned into a child process.`, {
    hint: 'Pass data only, not nested thousands deep: no functions, symbols, streams, promises or proxies; of a URL or Headers what they hold, e.g. url.href.',
  })
}

/** The error for a result that is not data. */
export function resultNotCloneable(fn: string): WorkerError {
  return new WorkerError('NOT_CLONEABLE', `${fn}: its result cannot be cloned out of its process.`, {
    function: fn,
    hint: 'Return data only, not nested thousands deep: no functions, symbols, streams, promises or proxies; of a Response what it holds, e.g. await response.json().',
  })
}
