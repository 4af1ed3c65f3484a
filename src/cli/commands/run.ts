/** `latchkey run -s NAME -- PROGRAM`. */
import { isAdmissible } from '../../registry/reserved-names.ts'
import { isKey } from '../../secret.ts'
import type { Redactor } from '../../redact/redactor.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command, Input } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError, Interrupted, usageError, withExitCode } from '../failure.ts'
import { environmentWith, type Keys, readKeys } from '../launch/environment.ts'
import { type Launch, launch } from '../launch/launch.ts'
import { maskedOutputs, UNMASKED } from '../launch/outputs.ts'
import { readWanted, type Wanted } from '../launch/request.ts'
import { scopeOf } from '../names.ts'
import { withStore } from '../store.ts'

export const run: Command = {
  summary: 'Starts a program with the keys of secrets in its environment',
  arguments: [],
  takesProgram: true,
  leavesNothing: true,
  options: {
    secret: {
      placeholder: 'NAME[:KEY,...]',
      short: 's',
      multiple: true,
      description: 'a secret to give, or some of its keys',
    },
    'no-mask': { description: 'pass output on as it is, even where it does not go to a terminal' },
    'allow-reserved': {
      placeholder: 'VARIABLE',
      multiple: true,
      description: 'let a secret set this variable although it changes how programs run, e.g. HTTPS_PROXY',
    },
    ...STORE_OPTIONS,
    ...SCOPE_OPTION,
  },
  details: [
    'The program gets your own environment, without the variables that begin with LATCHKEY_, and each key as a variable of its name. A key wins over a variable of yours. If anything is missing, all of it is told and nothing starts.',
    "No shell reads the program's arguments. Its stdin is yours. Where stdout or stderr is a terminal the program has it as it is; where not, known values in what it prints are replaced by ***, unless you say --no-mask.",
    'Signals go to the program, and latchkey ends as the program ends: with its exit code, or by its signal. 125 says that latchkey itself failed and nothing was started, 126 that the program could not be started, 127 that it is not there.',
  ],
  examples: [
    'latchkey run -s my_github_secret -- gh issue list',
    'latchkey run -s db:PGUSER,PGPASSWORD -s stripe -- node server.js',
    'latchkey run -s db -- sh -c \'psql "$DATABASE_URL"\'',
  ],
  async run(input) {
    const [program, ...args] = input.program
    if (program === undefined) {
      throw usageError('No program is named.', 'It follows two dashes: latchkey run -s NAME -- PROGRAM')
    }
    const wanted = readWanted(input.texts('secret'))
    assertAdmissible(input.texts('allow-reserved'))
    const prepared = await prepare(input, wanted).catch((error: unknown) => {
      throw asNotRun(error)
    })
    return launch({ command: [program, ...args], ...prepared })
  },
}

function assertAdmissible(variables: readonly string[]): void {
  if (variables.every((name) => isKey(name) && isAdmissible(name))) return
  const hint = 'PATH, NODE_OPTIONS, LD_*, DYLD_* and LATCHKEY_* are never set by a secret.'
  throw usageError('What follows --allow-reserved is no variable that a secret may set.', hint)
}

/** What a program is started with. Its pipes are made while the store is read. */
async function prepare(input: Input, wanted: readonly Wanted[]): Promise<Omit<Launch, 'command'>> {
  const making = input.flag('no-mask') ? UNMASKED : maskedOutputs()
  const [keys, outputs] = await Promise.allSettled([keysOf(input, wanted), making])
  if (outputs.status === 'rejected') throw outputs.reason
  if (keys.status === 'rejected') {
    outputs.value.close()
    throw keys.reason
  }
  const { value } = keys
  return { environment: environmentWith(value), outputs: outputs.value, redactor: () => redactorOf(value) }
}

/** Reads the keys, and closes the store: while the program runs, nothing of it is open. */
async function keysOf(input: Input, wanted: readonly Wanted[]): Promise<Keys> {
  const scope = scopeOf(input)
  const allowReserved = input.texts('allow-reserved')
  return withStore(input, (store) => readKeys(store, wanted, { scope, allowReserved }))
}

/** Whoever looks at the exit code shall not take a failure of latchkey's for one of the program's. */
function asNotRun(error: unknown): unknown {
  if (error instanceof Interrupted) return error
  if (error instanceof CliError && error.exitCode !== EXIT.failure) return error
  return withExitCode(error, EXIT.notRun)
}

/** What masks the keys' values, loaded only where something is masked. */
async function redactorOf(keys: Keys): Promise<Redactor> {
  const { createRedactor } = await import('../../redact/redactor.ts')
  return createRedactor(Object.values(keys))
}
