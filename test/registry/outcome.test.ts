import { readFileSync } from 'node:fs'
import type { WorkerError } from 'latchkey'
import { expect, test } from 'vitest'
import { decodeOutcome } from '../../src/registry/outcome.ts'
import type { Run } from '../../src/registry/run.ts'
import type { Outcome } from '../../src/worker/job.ts'
import { thrownBy } from '../helpers/thrown.ts'

const run = { entry: { name: 'f' } } as Run
const exit = { exitCode: 7, signal: undefined, startError: undefined }
const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

test.each<[Outcome, string, RegExp]>([
  [{ kind: 'crashed', exit }, 'WORKER_CRASHED', /ended in the middle of the call \(exit code 7\)\.$/],
  [{ kind: 'start-failed', exit }, 'WORKER_START_FAILED', /could run \(exit code 7\)\.$/],
  [
    { kind: 'start-failed', exit: { exitCode: undefined, signal: undefined, startError: 'EAGAIN' } },
    'WORKER_START_FAILED',
    /\(EAGAIN\)\.$/,
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
