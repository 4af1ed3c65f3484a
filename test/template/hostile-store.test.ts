import { describe, expect, it } from 'vitest'
import { StoreError, type TemplateError } from '../../src/errors.ts'
import type { SecretStore } from '../../src/store.ts'
import { checkTemplate, compileTemplate, resolveTemplate } from '../../src/template/index.ts'
import { failure } from './expectations.ts'
import { recordingStore } from './recording-store.ts'

const TEMPLATE = ['{{ SECRETS.a.B }}', '{{ SECRETS.c.D }}']
type Answer = (names: readonly string[]) => unknown

/** A store that answers whatever it is told to. */
function answering(answer: Answer): Pick<SecretStore, 'getMany'> {
  return { getMany: (requests) => answer(requests.map(({ name }) => name)) as ReturnType<SecretStore['getMany']> }
}
const resolveWith = (answer: Answer, options?: { signal: AbortSignal }): Promise<unknown> =>
  resolveTemplate(TEMPLATE, { SECRETS: answering(answer) }, options)
const secret = (name: string, values: unknown): unknown => ({ name, scope: 'default', version: '1', values })

describe('hostile stores', () => {
  it('a store that answers with more keys than were asked adds nothing', async () => {
    expect(await resolveWith(() => [secret('a', { B: '1', X: '2' }), secret('c', { D: '3', B: '4' })])).toEqual([
      '1',
      '3',
    ])
  })

  it('inherited, hidden and computed keys are not there', async () => {
    const holders = [
      Object.create({ B: 'x' }),
      Object.defineProperty({}, 'B', { value: 'x', enumerable: false }),
      Object.defineProperty({}, 'B', { get: () => 'x', enumerable: true }),
    ] as object[]
    for (const values of holders) {
      const error = await failure(resolveWith(() => [secret('a', values), secret('c', { D: '1' })]))
      expect(error).toMatchObject({ issues: [{ code: 'KEY_NOT_FOUND', pointer: '/0' }] })
    }
  })

  it('values that are not strings are refused', async () => {
    for (const value of [1, null, undefined, {}, ['x'], Buffer.from('x'), () => 'x']) {
      const error = await failure(resolveWith(() => [secret('a', { B: value }), secret('c', { D: '1' })]))
      expect(error).toMatchObject({ issues: [{ code: 'BAD_SECRET_VALUE', pointer: '/0' }] })
    }
  })

  it('answers that are not one secret for each request are a failure, not an absence', async () => {
    const ok = [secret('a', { B: '1' }), secret('c', { D: '2' })]
    const answers = [undefined, null, 'x', {}, [], ok.slice(0, 1), [...ok, secret('e', {})], [...ok].reverse(), [null, ok[1]], ['a', 'c'], [secret('a', null), ok[1]]] // prettier-ignore
    for (const answer of answers) {
      const error = await failure(resolveWith(() => answer))
      expect(error).toMatchObject({ code: 'STORE_ERROR', retryable: false, cause: { code: 'BAD_ANSWER' } })
    }
    expect(await failure(resolveWith(() => []))).toMatchObject({
      cause: { message: 'The store did not give one answer for each request.' },
    })
  })

  it('an answer need not name its secret', async () => {
    expect(await resolveWith(() => [{ values: { B: '1' } }, { values: { D: '2' } }])).toEqual(['1', '2'])
  })

  it('a secret that is asked for without a key is asked for whole, in whatever order its references stand', async () => {
    for (const references of ['{{ SECRETS.a }}{{ SECRETS.a.B }}', '{{ SECRETS.a.B }}{{ SECRETS.a }}']) {
      const store = recordingStore({ a: { B: 'v' } })
      expect(await resolveTemplate(references, { SECRETS: store })).toBe('vv')
      expect(store.asked).toEqual([{ requests: [{ name: 'a' }], options: {} }])
    }
  })

  it('what is not there is missing, in a check as well', async () => {
    const records = { a: { B: 'v' }, two: { A: 'v', B: 'v' }, empty: {} }
    const template = ['{{ SECRETS.c.D }}', '{{ SECRETS.a.C }}', '{{ SECRETS.a }}', '{{ SECRETS.two }}', '{{ SECRETS.empty }}'] // prettier-ignore
    for (const SECRETS of [records, recordingStore(records)]) {
      const { issues } = (await failure(resolveTemplate(template, { SECRETS }))) as TemplateError
      expect(issues.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
        'SECRET_NOT_FOUND /0',
        'KEY_NOT_FOUND /1',
        'FLAT_AMBIGUOUS /3',
        'KEY_NOT_FOUND /4',
      ])
      expect(await checkTemplate(template, { SECRETS })).toEqual(issues)
    }
    const odd = { a: null, c: 'text' } as never
    expect(await checkTemplate(['{{ SECRETS.a }}', '{{ SECRETS.c.D }}'], { SECRETS: odd })).toMatchObject([
      { code: 'SECRET_NOT_FOUND' },
      { code: 'SECRET_NOT_FOUND' },
    ])
  })

  it('a check of a store reads no value, so that none is too long', async () => {
    const SECRETS = recordingStore({ a: { B: 'v' } })
    expect(await checkTemplate('{{ SECRETS.a.B }}', { SECRETS }, { limits: { outputLength: 0 } })).toEqual([])
    expect(SECRETS.asked).toEqual([])
  })

  it('a store that fails is told at the first reference to a secret', async () => {
    const failing = answering(() => Promise.reject(new Error('canary')))
    const template = ['x', 'x {{ D }} {{ SECRETS.a.B }} {{ SECRETS.c.D }}']
    const error = await failure(resolveTemplate(template, { SECRETS: failing, D: 1 }))
    expect((error as TemplateError).issues).toEqual([
      {
        code: 'STORE_ERROR',
        pointer: '/1',
        start: 10,
        end: 27,
        reference: 'SECRETS.a.B',
        message: 'The secrets could not be read.',
      },
    ])
  })

  it('a store that throws at once or rejects late is a failure whose text is not passed on', async () => {
    const thrown = [new Error('canary'), 'canary', { code: 'canary', message: 'canary' }, null, undefined, Object.assign(new Error('canary'), { code: 'ECONNREFUSED' })] // prettier-ignore
    for (const reason of thrown) {
      const now = await failure(resolveWith(() => { throw reason })) // prettier-ignore
      const late = await failure(resolveWith(async () => { await Promise.resolve(); throw reason })) // prettier-ignore
      for (const error of [now, late]) {
        expect(error).toMatchObject({ code: 'STORE_ERROR', cause: { code: 'STORE_FAILED' } })
        expect(`${String(error)}${JSON.stringify(error)}${String((error as Error).cause)}`).not.toContain('canary')
      }
      expect(((now as Error).cause as Error).message.includes('ECONNREFUSED')).toBe(
        (reason as { code?: string } | null | undefined)?.code === 'ECONNREFUSED',
      )
    }
  })

  it('an error of the library is kept as the cause, and says whether to try again', async () => {
    const cause = new StoreError('UNAVAILABLE', 'The store is not reachable.')
    expect(await failure(resolveWith(() => Promise.reject(cause)))).toMatchObject({
      code: 'STORE_ERROR',
      cause,
      retryable: true,
    })
  })

  it('a store that never answers is given up by an abort, and its late answer is dropped', async () => {
    const controller = new AbortController()
    const late = manual()
    const pending = failure(resolveWith(() => late.promise, { signal: controller.signal }))
    const reason = { stop: true }
    controller.abort(reason)
    expect(await pending).toBe(reason)
    late.reject(new Error('nobody listens'))
    await late.promise.catch(() => undefined)
  })

  it('an abort that comes with the answer wins', async () => {
    const controller = new AbortController()
    const answer = (): unknown => {
      controller.abort('stop')
      return [secret('a', { B: '1' }), secret('c', { D: '2' })]
    }
    expect(await failure(resolveWith(answer, { signal: controller.signal }))).toBe('stop')
  })

  it('a store that answers twice is heard once', async () => {
    const twice = {
      then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
        resolve([secret('a', { B: 'first' }), secret('c', { D: 'first' })])
        resolve([secret('a', { B: 'second' }), secret('c', { D: 'second' })])
        reject(new Error('third'))
      },
    }
    expect(await resolveWith(() => twice)).toEqual(['first', 'first'])
  })

  it('names and keys that no store can hold are missing, and not asked for', async () => {
    const asked: unknown[] = []
    const store = answering((names) => (asked.push(names), [])) // prettier-ignore
    const error = await failure(resolveTemplate('{{ SECRETS.2fa.X }}{{ SECRETS.a.B-C }}', { SECRETS: store }))
    expect(error).toMatchObject({ issues: [{ code: 'SECRET_NOT_FOUND' }, { code: 'SECRET_NOT_FOUND' }] })
    expect(asked).toEqual([])
  })

  it('a check rejects if the store cannot describe, and gives up with its signal', async () => {
    const describing = (describe: unknown) =>
      ({ getMany: () => Promise.resolve([]), describe }) as unknown as SecretStore
    for (const describe of [() => Promise.reject(new Error('canary')), () => null, () => ({ keys: [1] }), () => 'x']) {
      expect(await failure(checkTemplate(TEMPLATE, { SECRETS: describing(describe) }))).toMatchObject({
        code: 'STORE_ERROR',
      })
    }
    expect(await failure(checkTemplate(TEMPLATE, { SECRETS: answering(() => []) }))).toMatchObject({
      code: 'INVALID_OPTION',
    })
    const controller = new AbortController()
    const never = describing(() => new Promise(() => undefined))
    const pending = failure(checkTemplate(TEMPLATE, { SECRETS: never }, { signal: controller.signal }))
    controller.abort('stop')
    expect(await pending).toBe('stop')
  })

  it('a compiled template asks again for each resolve, with that resolve’s scope and signal', async () => {
    const calls: unknown[] = []
    const store = {
      getMany: (requests: unknown, options: unknown) => (calls.push([requests, options]), Promise.resolve([secret('a', { B: String(calls.length) })])) as never, // prettier-ignore
    }
    const plan = compileTemplate('{{ SECRETS.a.B }}')
    const { signal } = new AbortController()
    expect([
      await plan.resolve({ SECRETS: store }),
      await plan.resolve({ SECRETS: store }, { scope: 'x/y', signal }),
    ]).toEqual(['1', '2'])
    expect(calls).toEqual([
      [[{ name: 'a', keys: ['B'] }], {}],
      [[{ name: 'a', keys: ['B'], scope: 'x/y' }], { signal }],
    ])
    expect(await failure(plan.resolve({}))).toMatchObject({ code: 'UNKNOWN_NAMESPACE' })
    expect(await failure(plan.resolve({ SECRETS: store }, { sope: 'x' } as never))).toMatchObject({
      code: 'UNKNOWN_OPTION',
    })
  })
})

function manual(): { promise: Promise<unknown>; reject: (error: unknown) => void } {
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<unknown>((_, no) => (reject = no))
  return { promise, reject }
}
