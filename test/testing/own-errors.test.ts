import { rmSync } from 'node:fs'
import { generateKey } from 'latchkey'
import * as errors from 'latchkey/errors'
import { probeLeaks } from 'latchkey/testing'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import * as paths from '../fixtures/testing/paths.mjs'
import { ARGUMENTS } from './provocations/arguments.ts'
import { INPUTS, MISSING, WORKERS } from './provocations/calls.ts'
import { BASE, type Provocation, type Provocations } from './provocations/provocation.ts'
import { REGISTRATIONS } from './provocations/registrations.ts'
import { STORES } from './provocations/stores.ts'
import { TEMPLATES } from './provocations/templates.ts'
import { shownInEveryWay } from './shown.ts'

/** Every error of docs/errors.md, by class, and how each is provoked. */
const WALK: Readonly<Record<string, Provocations<string>>> = {
  MissingSecretsError: MISSING,
  InputError: INPUTS,
  StoreError: STORES,
  TemplateError: TEMPLATES,
  WorkerError: WORKERS,
  RegistrationError: REGISTRATIONS,
  TypeError: ARGUMENTS,
}

beforeEach(() => {
  paths.lines.length = 0
})
afterAll(async () => {
  await paths.registry.close()
  rmSync(BASE, { recursive: true })
})

test('the walk leads to every code that there is', () => {
  const lists = Object.entries(errors).filter(([name]) => name.endsWith('_CODES'))
  const codes = lists.flatMap(([, list]) => list as readonly string[])
  const walked = Object.values(WALK).flatMap((provocations) => Object.keys(provocations))
  expect(walked.sort()).toEqual(codes.sort())
  for (const ways of Object.values(WALK).flatMap((provocations) => Object.values(provocations))) {
    expect(Object.keys(ways).length).toBeGreaterThan(0)
  }
})

const steps = Object.entries(WALK).flatMap(([name, provocations]) =>
  Object.entries(provocations).flatMap(([code, ways]) =>
    Object.entries(ways).map(([way, provoke]): [string, string, string, Provocation] => [name, code, way, provoke]),
  ),
)

describe('no canary shows in an error, nor on the way to it, however it is shown', () => {
  test.each(steps)('%s %s: %s', async (name, code, _way, provoke) => {
    let met: unknown
    const report = await probeLeaks(
      async (probe) => {
        try {
          await provoke(probe)
        } catch (error) {
          met = error
          probe.look('shown', shownInEveryWay(error))
          throw error
        } finally {
          probe.look('lines', paths.lines)
        }
      },
      { throws: true, canaries: { key: generateKey(), 'other key': generateKey() } },
    )
    expect(met).toMatchObject({ name, code })
    // What to do about it does not depend on who asks.
    if (name === 'WorkerError' || name === 'MissingSecretsError') expect(met).toHaveProperty('hint')
    expect(report).toEqual({ ok: true, leaks: [], unseen: [] })
  })
})
