/** Imports a user's module in a process of its own, so that nothing it does at its top level is done to latchkey. */
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { loaderFlags, splitNodeOptions } from '../../worker/flags.ts'
import { startReaper } from '../../worker/reaper.ts'
import { CliError } from '../failure.ts'
import type { Answer, Collected, Job, Message } from './job.ts'

/** What ends this process takes the child with it: a module that never waits sees neither a signal nor that its parent is gone. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const AT_TOP =
  'What check and manifest import should only register: move whatever it starts or waits for into a function.'

/**
 * Collects the registries of a module.
 *
 * @param path - of the module, from the working directory.
 * @param timeoutMs - after so many milliseconds the process is killed.
 * @returns what is known of each registry, one at least.
 * @throws CliError NOT_FOUND, MODULE_FAILED, TS_NEEDS_LOADER, NO_REGISTRY.
 */
export async function collect(
  path: string,
  job: Omit<Job, 'module' | 'nonce'>,
  timeoutMs: number,
): Promise<readonly Collected[]> {
  const file = resolve(path)
  if (!existsSync(file))
    throw new CliError('NOT_FOUND', `There is no module ${file}.`, 'Name the file that registers your functions.')
  const answer = await ask({ ...job, nonce: randomUUID(), module: pathToFileURL(file).href }, file, timeoutMs)
  if (answer.kind === 'typescript') {
    const hint =
      'Install tsx beside the module (npm i -D tsx), use a Node that reads TypeScript (22.18 or later), or name the built file.'
    throw new CliError('TS_NEEDS_LOADER', `Nothing here can read TypeScript: ${file}.`, hint)
  }
  if (answer.kind === 'failed') {
    const { name, code, at } = answer
    const place = at === undefined ? '' : ` at ${at.startsWith('file:') ? shownUrl(at) : at}`
    const message = `${file} could not be imported: ${name ?? 'an error of its own'}${code === undefined ? '' : ` (${code})`}${place}.`
    throw new CliError(
      'MODULE_FAILED',
      message,
      'What it says is not shown here, for it may quote a value: import it with node to see it.',
    )
  }
  if (answer.registries.length === 0) {
    const hint = 'Name the module that calls createRegistry, or one that imports it.'
    throw new CliError('NO_REGISTRY', `${file} makes no registry.`, hint)
  }
  return answer.registries
}

function ask(job: Job, file: string, timeoutMs: number): Promise<Answer> {
  const { NODE_OPTIONS: nodeOptions, ...env } = process.env
  const child = fork(fileURLToPath(new URL('cli-collecting.js', import.meta.url)), [], {
    // Of the flags those that load the user's code: an inspector's port, for one, is taken.
    execArgv: [...loaderFlags(splitNodeOptions(nodeOptions ?? '')), ...loaderFlags(process.execArgv)],
    env,
    // What a module prints is no result.
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  // A signal that nobody hears ends this process alone.
  const reaper = startReaper()
  if (child.pid !== undefined) reaper?.watch(child.pid)
  // What fails is told by its end.
  child.send(job, () => undefined)
  return new Promise<Answer>((resolve, reject) => {
    let answer: Answer | undefined
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, timeoutMs)
    child.on('message', (message: Partial<Message> | null) => {
      if (message?.nonce === job.nonce) answer = message.answer
    })
    const end = (signal: NodeJS.Signals): void => {
      stopHearing()
      child.kill('SIGKILL')
      process.kill(process.pid, signal)
    }
    const stopHearing = (): void => {
      for (const signal of ENDING) process.off(signal, end)
    }
    for (const signal of ENDING) process.on(signal, end)
    child.once('error', (error) => {
      stopHearing()
      reject(error)
    })
    child.once('close', (code, signal) => {
      stopHearing()
      clearTimeout(timer)
      if (answer !== undefined) resolve(answer)
      else
        reject(new CliError('MODULE_FAILED', `${file} ${ending(late ? timeoutMs : undefined, code, signal)}.`, AT_TOP))
    })
  }).finally(() => {
    if (child.pid !== undefined) reaper?.forget(child.pid)
    return reaper?.end()
  })
}

/** Node ends with this code where nothing is left that could settle what is awaited. */
const NEVER_SETTLED = 13

function ending(timeoutMs: number | undefined, code: number | null, signal: string | null): string {
  if (timeoutMs !== undefined) return `was not done within ${timeoutMs / 1000} s (--timeout)`
  if (code === NEVER_SETTLED) return 'waits at its top level for something that never comes'
  return `ended the process while it was imported (${signal ?? `exit code ${code ?? 'unknown'}`})`
}

function shownUrl(place: string): string {
  const [, url = '', rest = ''] = /^(.*?)((?::\d+)+)$/.exec(place) ?? []
  return fileURLToPath(url) + rest
}
