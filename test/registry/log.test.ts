import { describe, expect, test } from 'vitest'
import { createCallLog } from '../../src/registry/log.ts'
import { createRedactor } from '../../src/redact/index.ts'
import { CANARY } from '../helpers/stores.ts'

/** The first line of a value is too short to be masked by itself. */
const [FIRST, SECOND] = ['ab', `second-${CANARY}`]
const SECRET = `${FIRST}\n${SECOND}`
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A log, and the lines that it hands on. */
function logOf() {
  const lines: string[] = []
  const log = createCallLog(
    ({ function: of, scope, stream, line }) => lines.push(`${of} ${scope} ${stream} ${line}`),
    { function: 'f', scope: 'acme' },
    () => createRedactor([SECRET]),
  )
  return { ...log, lines }
}

describe('the log of a call', () => {
  test('hands lines on as they come, with whose they are', () => {
    const { line, lines } = logOf()
    line('stdout', 'one')
    line('stderr', 'two')
    expect(lines).toEqual(['f acme stdout one', 'f acme stderr two'])
  })

  test('holds back what may be the beginning of a secret, for as long as the call goes on, and makes one line of it', async () => {
    const { line, lines } = logOf()
    line('stdout', FIRST)
    await turn()
    expect(lines).toEqual([])
    line('stdout', SECOND)
    line('stdout', 'after')
    expect(lines).toEqual(['f acme stdout ***', 'f acme stdout after'])
  })

  test('hands on what it held back when the call has ended, and what comes after that in the next turn', async () => {
    const { line, end, lines } = logOf()
    line('stdout', FIRST)
    end()
    expect(lines).toEqual([])
    await turn()
    expect(lines).toEqual([`f acme stdout ${FIRST}`])
    line('stderr', FIRST)
    line('stderr', SECOND)
    line('stdout', FIRST)
    await turn()
    expect(lines.slice(1).sort()).toEqual(['f acme stderr ***', `f acme stdout ${FIRST}`])
  })

  test('of false goes nowhere, and nothing is masked for it', () => {
    const log = createCallLog(false, { function: 'f', scope: 'acme' }, () => {
      throw new Error('asked for')
    })
    log.line('stdout', 'one')
    log.end()
  })
})
