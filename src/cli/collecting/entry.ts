/** What runs in the process that imports a user's module: it only collects what the module registers, and calls nothing. */
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { isLatchkeyError } from '../../errors.ts'
import { collectRegistries } from '../../registry/collect.ts'
import type { Registry } from '../../registry/types.ts'
import { isUnreadTypeScript, lacksLoader } from '../../worker/loader.ts'
import type { Answer, Collected, Job, Message } from './job.ts'

// What the module may replace is taken before it runs.
const send = process.send?.bind(process) as ((message: Message, sent: () => void) => void) | undefined
const exit = process.exit.bind(process)
const BUILT_IN: ReadonlySet<unknown> = new Set(
  [Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    ({ name }) => name,
  ),
)
/** Where latchkey itself stands. */
const OWN = new URL('.', import.meta.url).href

process.on('disconnect', () => exit(1))
const job = await new Promise<Job>((resolve) => {
  process.once('message', (message) => {
    resolve(message as Job)
  })
})
// It must not be what an import waits for that never ends.
process.channel?.unref()
process.argv.splice(1, Infinity, fileURLToPath(job.module))
const answer = await run().catch(failed)
process.channel?.ref()
// Whatever the module left running ends here.
send?.({ nonce: job.nonce, answer }, () => exit(0))

async function run(): Promise<Answer> {
  if (await lacksLoader(job.module)) return { kind: 'typescript' }
  const collecting = collectRegistries()
  await import(job.module)
  const registries = await Promise.all(collecting.registries().map(collected))
  return { kind: 'done', registries }
}

async function collected(registry: Registry): Promise<Collected> {
  const functions = registry.functions().length
  const { scopes, expiry } = job
  if (job.kind === 'check') return { functions, report: await registry.check(scopes && { scopes }) }
  return { functions, manifest: await registry.manifest({ scopes, ...(expiry && { expiry }) }) }
}

function failed(error: unknown): Answer {
  if (isUnreadTypeScript(error)) return { kind: 'typescript' }
  const { name, code, stack } = (error ?? {}) as { name?: unknown; code?: unknown; stack?: unknown }
  const isOurs = isLatchkeyError(error)
  return {
    kind: 'failed',
    name: !(error instanceof Error) ? 'not an error' : isOurs || BUILT_IN.has(name) ? String(name) : undefined,
    code: isOurs || isCodeOfNode(code) ? String(code) : undefined,
    at: placeIn(typeof stack === 'string' ? stack : ''),
  }
}

/** Any other code is the module's own, and may be a value. */
function isCodeOfNode(code: unknown): boolean {
  return typeof code === 'string' && (/^ERR_[A-Z0-9_]{1,60}$/.test(code) || Object.hasOwn(constants.errno, code))
}

/**
 * The first place of a stack that is a file's of the user: `file:///…:12:3`. Node names the file of a syntax error on the first
 * line. What the module asks in vain, an import for one, has only places of ours: it has none.
 */
function placeIn(stack: string): string | undefined {
  const places = stack.matchAll(/^\s+at (?:.*\()?(file:\/\/\/[^\s()]+:\d+:\d+)\)?$/gm)
  return (
    [...places].map(([, place]) => place).find((place) => place?.startsWith(OWN) === false) ??
    /^(file:\/\/\/\S+:\d+)$/m.exec(stack)?.[1]
  )
}
