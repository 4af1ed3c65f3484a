import { readFileSync } from 'node:fs'
import type { WorkerError } from 'latchkey'
import { describe, expect, test } from 'vitest'
import { decodeOutcome } from '../../src/registry/outcome.ts'
import { createRedactor } from '../../src/redact/index.ts'
import type { Run } from '../../src/registry/run.ts'
import type { Outcome } from '../../src/worker/job.ts'
import type { CallReply, InitReply } from '../../src/worker/protocol.ts'
import type { Thrown } from '../../src/worker/thrown.ts'
import { CANARY } from '../helpers/stores.ts'
import { allTextOf, thrownBy } from '../helpers/thrown.ts'

const module = 'file:///app/jobs.mjs'
const run = { entry: { name: 'f', module }, redactor: () => createRedactor([CANARY]) } as unknown as Run
const exit = { exitCode: 7, signal: undefined, startError: undefined }
const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

test.each<[Outcome, string, RegExp]>([
  [{ kind: 'crashed', exit }, 'WORKER_CRASHED', /ended in the middle of the call \(exit code 7\)\.$/],
  [
    { kind: 'crashed', exit: { exitCode: undefined, signal: 'SIGSEGV', startError: undefined } },
    'WORKER_CRASHED',
    /ended in the middle of the call \(signal SIGSEGV\)\.$/,
  ],
  [{ kind: 'start-failed', exit }, 'WORKER_START_FAILED', /could run \(exit code 7\)\.$/],
  [
    { kind: 'start-failed', exit: { exitCode: undefined, signal: undefined, startError: 'EAGAIN' } },
    'WORKER_START_FAILED',
    /\(EAGAIN\)\.$/,
  ],
  [
    { kind: 'start-failed', exit: { exitCode: 1, signal: undefined, startError: 'EAGAIN' } },
    'WORKER_START_FAILED',
    /\(exit code 1, EAGAIN\)\.$/,
  ],
  [{ kind: 'start-timeout' }, 'WORKER_START_TIMEOUT', /in time\.$/],
  [{ kind: 'bad-reply' }, 'WORKER_PROTOCOL', /is no answer\.$/],
  [{ kind: 'queue-full' }, 'QUEUE_FULL', /are waiting\.$/],
  [{ kind: 'closed' }, 'REGISTRY_CLOSED', /has been closed\.$/],
])('what became of a job (%j) says whose call it was, what happened and what to do next: %s', (outcome, code, says) => {
  const error = thrownBy(() => decodeOutcome(run, outcome)) as WorkerError
  expect(error.name).toBe('WorkerError')
  expect(error).toMatchObject({ code, function: 'f', hint: expect.stringMatching(/\.$/) as string })
  expect(error.message).toMatch(/^f: /)
  expect(error.message).toMatch(says)
  expect(page).toContain(`### \`${code}\``)
})

describe('what a child answered', () => {
  const thrownFor = (reply: object): Error => {
    const outcome = { kind: 'reply', reply: { fit: true, spawned: false, ...reply } as unknown as CallReply }
    return thrownBy(() => decodeOutcome(run, outcome as Outcome)) as Error
  }

  test.each<[string, object, string, string, string]>([
    [
      'a result that is no data',
      { ok: false, why: 'not-cloneable' },
      'NOT_CLONEABLE',
      'f: its result cannot be cloned out of its process.',
      'Return data only',
    ],
    [
      'that it does not know the function',
      { ok: false, why: 'not-registered' },
      'NOT_REGISTERED_IN_CHILD',
      `f was not registered when a child imported ${module}.`,
      'at the top level of that module, whatever process imports it; if it is registered by way of a helper',
    ],
    [
      'that the call is not for it',
      { ok: false, why: 'wrong-key' },
      'WORKER_PROTOCOL',
      'f: its process refused the call.',
      'process.send',
    ],
    [
      'a result that cannot be decoded',
      { ok: true, value: { bytes: Buffer.from(CANARY) } },
      'WORKER_PROTOCOL',
      'f: its process answered something that is no answer.',
      'process.send',
    ],
  ])('is told to the caller, and what to do next: %s', (_, reply, code, message, hint) => {
    const error = thrownFor(reply)
    expect(error).toMatchObject({ code, message, hint: expect.stringContaining(hint) as string })
    expect(allTextOf(error)).not.toContain(CANARY)
  })
})

describe('what a child could not import', () => {
  const failed = (reply: object): Error => {
    const outcome = { kind: 'init-failed', reply: { ok: false, ...reply } as InitReply & { ok: false } }
    return thrownBy(() => decodeOutcome(run, outcome as Outcome)) as Error
  }
  const threw = (thrown: object) => failed({ why: 'threw', thrown: thrown as Thrown, names: ['PATH', 'TOKEN'] })
  const error = { kind: 'error', name: 'TypeError', message: `bad ${CANARY}` }

  test.each<[string, object, string, string, string]>([
    ['the main module', { why: 'main' }, 'MAIN_MODULE', `f: its module, ${module}, imports the`, 'Break the cycle'],
    [
      'a module of TypeScript',
      { why: 'needs-loader' },
      'TS_NEEDS_LOADER',
      `f: this Node cannot import ${module}, which is TypeScript.`,
      'Install tsx beside the module',
    ],
  ])('is named, and what to do about it: %s', (_, reply, code, message, hint) => {
    expect(failed(reply)).toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining(hint) as string,
    })
  })

  test('says what its module threw, masked, and which variables it had', () => {
    const told = threw(error)
    expect(told).toMatchObject({
      name: 'RegistrationError',
      code: 'MODULE_FAILED',
      message: 'f: its module failed when a child imported it: TypeError: bad ***',
      cause: { name: 'TypeError', message: 'bad ***' },
      hint: expect.stringMatching(/has PATH, TOKEN\. A module .* gets them by createRegistry/) as string,
    })
    expect(allTextOf(told)).not.toContain(CANARY)
  })

  test.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])('is a package that is not there: %s', (code) => {
    expect(threw({ ...error, code })).toMatchObject({
      code: 'MODULE_FAILED',
      hint: expect.stringContaining('Install the package, or correct the path') as string,
    })
  })

  test('says no word of what is no error, whatever it holds', () => {
    const told = threw({ kind: 'value', value: CANARY, code: 'MODULE_NOT_FOUND' })
    expect(told.message).toBe('f: its module failed when a child imported it: something that is no error')
    expect(told.cause).toBeUndefined()
    expect(told).toMatchObject({ hint: expect.stringContaining('has PATH, TOKEN') as string })
    expect(allTextOf(told)).not.toContain(CANARY)
  })

  test('is WORKER_PROTOCOL where the child forged what it says', () => {
    expect(failed({ why: 'threw', thrown: { ...error, cause: null }, names: [] })).toMatchObject({
      name: 'WorkerError',
      code: 'WORKER_PROTOCOL',
      message: expect.stringContaining('no answer') as string,
    })
  })
})
