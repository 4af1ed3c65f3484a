import { createSign, generateKeyPairSync } from 'node:crypto'
import { base64, json, jwt, oneOf, pemCertificate, pemPrivateKey, sshPrivateKey, url } from '../../src/schemas/index.ts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { StandardSchema } from '../../src/secret.ts'
import { selfSigned } from '../helpers/self-signed.ts'
import { opensshKey } from '../helpers/ssh-key.ts'
import { CANARY } from '../helpers/stores.ts'
import { thrownBy } from '../helpers/thrown.ts'

const { cert, key } = selfSigned()
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const RSA = privateKey.export({ type: 'pkcs1', format: 'pem' }) as string
const PASSPHRASE = { cipher: 'aes-256-cbc', passphrase: CANARY } as const
const SSH = opensshKey()

/** What a schema gives, or its codes. */
async function answer(schema: StandardSchema<string>, value: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  const issues = result.issues as readonly { code?: string; message: string; path?: readonly unknown[] }[]
  for (const issue of issues) expect(issue.message).toMatch(/^must /)
  expect(JSON.stringify(issues)).not.toContain(CANARY)
  return issues.map((issue) => issue.code)
}

/** What a text looks like after a form, an editor and a variable. */
const DAMAGES: readonly [string, (text: string) => string][] = [
  ['as it is', (text) => text],
  ['CRLF', (text) => text.replaceAll('\n', '\r\n')],
  ['CR', (text) => text.replaceAll('\n', '\r')],
  ['the two characters \\n for line ends', (text) => text.trimEnd().replaceAll('\n', '\\n')],
  ['the four characters \\r\\n for line ends', (text) => text.replaceAll('\n', '\\r\\n')],
  ['no end of the last line', (text) => text.trimEnd()],
  ['a byte order mark, blanks and empty lines around it', (text) => `\ufeff\n  ${text.replaceAll('\n', ' \n')}\n\n`],
]

describe.each<[string, StandardSchema<string>, string]>([
  ['pemCertificate takes a certificate', pemCertificate(), cert],
  ['pemCertificate takes a chain', pemCertificate(), cert + selfSigned().cert],
  ['pemPrivateKey takes PKCS #8', pemPrivateKey(), key],
  ['pemPrivateKey takes PKCS #1', pemPrivateKey({ types: ['rsa'] }), RSA],
  ['sshPrivateKey takes the format of OpenSSH', sshPrivateKey(), SSH],
  ['sshPrivateKey takes PEM', sshPrivateKey(), RSA],
])('%s', (_, schema, text) => {
  test.each(DAMAGES)('and mends its lines: %s', async (_, damage) => {
    expect(await answer(schema, damage(text))).toBe(text)
  })
})

test('pemPrivateKey takes SEC 1 with the parameters of the curve beside it', async () => {
  const sec1 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' })
  const text = `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${sec1 as string}`
  expect(await answer(pemPrivateKey({ types: ['ec'] }), text)).toBe(text)
})

const token = (payload: object, header: object = { alg: 'RS256', typ: 'JWT' }): string => {
  const body = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${body}.${createSign('sha256').update(body).sign(privateKey).toString('base64url')}`
}
/** The time of these tests, in seconds. */
const NOW = Math.floor(Date.now() / 1000)

describe('at a certain time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(NOW * 1000)
  })
  afterEach(() => vi.useRealTimers())

  test.each<[string, Parameters<typeof jwt>[0], object, unknown]>([
    ['that has not expired', {}, { exp: NOW + 1 }, 'taken'],
    ['that expires this second', {}, { exp: NOW }, ['expired']],
    ['that expired within the leeway', { leewaySeconds: 30 }, { exp: NOW - 29 }, 'taken'],
    ['that expired before the leeway', { leewaySeconds: 30 }, { exp: NOW - 30 }, ['expired']],
    ['that is valid for long enough', { validForSeconds: 60 }, { exp: NOW + 61 }, 'taken'],
    ['that is not valid for long enough', { validForSeconds: 60 }, { exp: NOW + 60 }, ['expired']],
    ['that is not valid yet', {}, { exp: NOW + 9, nbf: NOW + 1 }, ['not_yet_valid']],
    ['that is valid within the leeway', { leewaySeconds: 1 }, { exp: NOW + 9, nbf: NOW + 1 }, 'taken'],
    ['that never expires', {}, { sub: CANARY }, ['no_expiry']],
    ['that never expires, where that is allowed', { unlimited: true }, { sub: CANARY }, 'taken'],
    ['that expired, where never to expire is allowed', { unlimited: true }, { exp: NOW - 1 }, ['expired']],
    ['whose expiry is a text', {}, { exp: CANARY }, ['not_a_jwt']],
    ['whose nbf is null', {}, { exp: NOW + 9, nbf: null }, ['not_a_jwt']],
    ['without options that are undefined', { leewaySeconds: undefined }, { exp: NOW }, ['expired']],
  ])('jwt says what it says of a token %s', async (_, options, payload, expected) => {
    const text = token(payload)
    expect(await answer(jwt(options), text)).toEqual(expected === 'taken' ? text : expected)
  })

  test.each<[string, number, Parameters<typeof pemCertificate>[0], unknown]>([
    ['today', 0, { notExpired: true }, cert],
    ['after its time', 2, { notExpired: true }, ['expired']],
    ['after its time, within the leeway', 2, { notExpired: true, leewaySeconds: 90_000 }, cert],
    ['before its time', -2, { notExpired: true }, ['not_yet_valid']],
    ['before its time, within the leeway', -2, { notExpired: true, leewaySeconds: 90_000 }, cert],
    ['after its time, where nobody asks for it', 2, {}, cert],
  ])('pemCertificate says what it says of a certificate %s', async (_, days, options, expected) => {
    vi.setSystemTime((NOW + days * 86_400) * 1000)
    expect(await answer(pemCertificate(options), cert)).toEqual(expected)
  })
})

const base64Of = (bytes: number) => Buffer.alloc(bytes, 0xfb).toString('base64')

test.each<[string, StandardSchema<string>, string]>([
  ['url, any', url(), `postgres://user:${CANARY}@db/name?x=1#y`],
  ['url, a protocol', url({ protocols: ['http', 'https'] }), `https://hooks.example.org/${CANARY}`],
  ['json', json(), ` {"a": "${CANARY}"}\n`],
  ['json with a schema', json(z.object({ a: z.coerce.number() })), '{"a":"1"}'],
  ['json with an asynchronous schema', json(z.string().refine(() => Promise.resolve(true))), '"a"'],
  ['base64', base64(), base64Of(5)],
  ['base64 of nothing', base64(), ''],
  ['base64 of a length', base64({ bytes: 32 }), base64Of(32)],
  ['base64 of at least a length', base64({ bytes: { min: 16 } }), base64Of(17)],
  ['base64 of at most a length', base64({ bytes: { max: 16 } }), base64Of(16)],
  ['base64url', base64({ bytes: 4, alphabet: 'base64url' }), '-_-_-w'],
  ['oneOf', oneOf(['test', 'live', '__proto__']), '__proto__'],
])('%s takes a value as it is', async (_, schema, value) => {
  expect(await answer(schema, value)).toBe(value)
})

const half = (text: string) => `${text.slice(0, 100)}\n${text.split('\n').slice(-2).join('\n')}`
const encrypted = (type: 'pkcs1' | 'pkcs8') =>
  privateKey.export({ ...PASSPHRASE, type, format: 'pem' } as never) as never

test.each<[string, StandardSchema<string>, string, string]>([
  ['pemCertificate: no PEM', pemCertificate(), CANARY, 'not_pem_certificate'],
  ['pemCertificate: empty', pemCertificate(), '', 'not_pem_certificate'],
  ['pemCertificate: a private key', pemCertificate(), key, 'not_pem_certificate'],
  ['pemCertificate: a key beside it', pemCertificate(), cert + key, 'not_pem_certificate'],
  ['pemCertificate: no end', pemCertificate(), cert.split('-----END')[0]!, 'not_pem_certificate'],
  ['pemCertificate: a block in a block', pemCertificate(), cert.replace('\n', `\n${cert}`), 'not_pem_certificate'],
  ['pemCertificate: half of it', pemCertificate(), half(cert), 'broken_certificate'],
  ['pemPrivateKey: no PEM', pemPrivateKey(), CANARY, 'not_pem_private_key'],
  ['pemPrivateKey: a certificate', pemPrivateKey(), cert, 'not_pem_private_key'],
  ['pemPrivateKey: another key beside it', pemPrivateKey(), key + RSA, 'not_pem_private_key'],
  ['pemPrivateKey: PKCS #8 with a pass phrase', pemPrivateKey(), encrypted('pkcs8'), 'encrypted'],
  ['pemPrivateKey: PKCS #1 with a pass phrase', pemPrivateKey(), encrypted('pkcs1'), 'encrypted'],
  ['pemPrivateKey: a key of OpenSSH', pemPrivateKey(), SSH, 'openssh_key'],
  ['pemPrivateKey: half of it', pemPrivateKey(), half(key), 'broken_private_key'],
  ['pemPrivateKey: another type', pemPrivateKey({ types: ['rsa', 'ed25519'] }), key, 'wrong_key_type'],
  ['pemPrivateKey: a label of nobody', pemPrivateKey(), key.replaceAll('PRIVATE', 'X PRIVATE'), 'not_pem_private_key'],
  ['sshPrivateKey: no key', sshPrivateKey(), CANARY, 'not_ssh_private_key'],
  ['sshPrivateKey: a public key', sshPrivateKey(), `ssh-ed25519 ${CANARY}`, 'not_ssh_private_key'],
  ['sshPrivateKey: two keys', sshPrivateKey(), SSH + SSH, 'not_ssh_private_key'],
  ['sshPrivateKey: a label of nobody', sshPrivateKey(), SSH.replaceAll('OPENSSH', 'X'), 'not_ssh_private_key'],
  ['sshPrivateKey: with a pass phrase', sshPrivateKey(), opensshKey({ cipher: 'aes256-ctr' }), 'encrypted'],
  ['sshPrivateKey: PEM with a pass phrase', sshPrivateKey(), encrypted('pkcs1'), 'encrypted'],
  ['sshPrivateKey: half of it', sshPrivateKey(), half(SSH), 'broken_private_key'],
  ['sshPrivateKey: half of PEM', sshPrivateKey(), half(RSA), 'broken_private_key'],
  ['sshPrivateKey: no base64', sshPrivateKey(), SSH.replace('b3Bl', '!!!!'), 'broken_private_key'],
  ['sshPrivateKey: one that was put together', sshPrivateKey(), opensshKey({ second: 8 }), 'broken_private_key'],
  ['url: none', url(), CANARY, 'not_a_url'],
  ['url: a relative one', url(), `/${CANARY}`, 'not_a_url'],
  ['url: a blank in it', url(), `https://a.example/${CANARY} b`, 'not_a_url'],
  ['url: a line end after it', url(), `https://a.example/${CANARY}\n`, 'not_a_url'],
  ['url: another protocol', url({ protocols: ['https'] }), `http://${CANARY}`, 'wrong_protocol'],
  ['json: none', json(), `{"a":"${CANARY}"`, 'not_json'],
  ['json: another document', json(z.object({ a: z.number() })), `{"a":"${CANARY}"}`, 'invalid_type'],
  ['base64: another alphabet', base64(), '-_-_', 'wrong_encoding'],
  ['base64: no padding', base64(), 'AAAAAA', 'wrong_encoding'],
  ['base64: padding where there is none', base64({ alphabet: 'base64url' }), 'AA==', 'wrong_encoding'],
  ['base64: a line end', base64(), 'AAAA\n', 'wrong_encoding'],
  ['base64: bits that say nothing', base64(), 'AB==', 'wrong_encoding'],
  ['base64: too short', base64({ bytes: 32 }), base64Of(31), 'wrong_length'],
  ['base64: too long', base64({ bytes: { min: 1, max: 2 } }), base64Of(3), 'wrong_length'],
  ['oneOf: another', oneOf(['test', 'live']), CANARY, 'not_in_list'],
  ['oneOf: what every object has', oneOf(['test']), 'constructor', 'not_in_list'],
  ['jwt: none', jwt(), CANARY, 'not_a_jwt'],
  ['jwt: two parts', jwt(), token({ exp: NOW + 999 }).replace(/\.[^.]*$/, ''), 'not_a_jwt'],
  ['jwt: five parts', jwt(), `${token({ exp: NOW + 999 })}.a.b`, 'not_a_jwt'],
  ['jwt: no signature', jwt(), token({ exp: NOW + 999 }).replace(/[^.]*$/, ''), 'not_a_jwt'],
  ['jwt: no algorithm', jwt(), token({ exp: NOW + 999 }, {}), 'not_a_jwt'],
  ['jwt: a payload that is a list', jwt(), token([NOW + 999]), 'not_a_jwt'],
  ['jwt: a payload that is no JSON', jwt(), token({}).replace(/\.[^.]*\./, '.AAAA.'), 'not_a_jwt'],
])('%s is refused', async (_, schema, value, code) => {
  expect(await answer(schema, value)).toEqual([code])
})

test('what is no string is refused by each', async () => {
  const all = [pemCertificate(), pemPrivateKey(), sshPrivateKey(), url(), json(), base64(), oneOf(['a']), jwt()]
  for (const schema of all) {
    for (const value of [undefined, null, 1, [CANARY], { toString: () => CANARY }]) {
      expect(await answer(schema, value)).toEqual(['not_a_string'])
    }
    expect(schema['~standard']).toMatchObject({ version: 1, vendor: 'latchkey' })
    expect(Object.isFrozen(schema) && Object.isFrozen(schema['~standard'])).toBe(true)
  }
})

test('json keeps the paths of the schema, and no word of its own', async () => {
  const document = z.object({ a: z.array(z.string().refine(() => false, { error: ({ input }) => String(input) })) })
  const result = await json(document)['~standard'].validate(`{"a":["${CANARY}","${CANARY}"]}`)
  expect(result.issues).toMatchObject([{ path: ['a', 0], code: 'custom' }, { path: ['a', 1] }])
  expect(JSON.stringify(result)).not.toContain(CANARY)
})

test('json repeats no code that its schema has taken from the document', async () => {
  const document = {
    '~standard': {
      version: 1 as const,
      vendor: 'loud',
      validate: (value: unknown) => ({ issues: [{ message: '', code: (value as { a: string }).a }] }),
    },
  }
  const result = await json(document)['~standard'].validate('{"a":"made_up_word"}')
  expect(result.issues).toMatchObject([{ code: 'wrong_document' }])
  expect(JSON.stringify(result)).not.toContain('made_up_word')
})

test('json refuses what its schema refuses without a word', async () => {
  const mute = (issues: readonly { message: string }[]) => {
    return json({ '~standard': { version: 1, vendor: 'mute', validate: () => ({ issues }) } })
  }
  expect(await answer(mute([]), '1')).toEqual(['wrong_document'])
  expect(await answer(mute([{ message: CANARY }]), '1')).toEqual(['wrong_document'])
})

test('a text of a mebibyte is checked in no time, whatever it repeats', async () => {
  // Of this process alone: others may keep it waiting. What grows by the square takes hours.
  const begin = process.cpuUsage()
  for (const part of ['-----BEGIN CERTIFICATE-----\n', '-----BEGIN A-----\n-----END A-----\n', '\\n', '\r', ' ', '.']) {
    const text = part.repeat((1024 * 1024) / part.length)
    for (const schema of [pemCertificate(), pemPrivateKey(), sshPrivateKey(), url(), jwt(), json(), base64()]) {
      expect(await answer(schema, text)).toHaveLength(1)
    }
  }
  expect(process.cpuUsage(begin).user / 1_000).toBeLessThan(60_000)
})

test.each<[string, () => unknown, string]>([
  ['an option that is misspelt', () => pemCertificate({ expired: true } as object), 'UNKNOWN_OPTION'],
  ['an option that is misspelt, in bytes', () => base64({ bytes: { least: 1 } as object }), 'UNKNOWN_OPTION'],
  ['options that are none', () => url('https' as never), 'INVALID_OPTION'],
  ['options that are null', () => jwt(null as never), 'INVALID_OPTION'],
  ['a flag that is none', () => pemCertificate({ notExpired: 1 as never }), 'INVALID_OPTION'],
  ['a negative leeway', () => jwt({ leewaySeconds: -1 }), 'INVALID_OPTION'],
  ['half a second', () => pemCertificate({ leewaySeconds: 0.5 }), 'INVALID_OPTION'],
  ['a type of key that there is not', () => pemPrivateKey({ types: ['rot13' as 'rsa'] }), 'INVALID_OPTION'],
  ['no type of key', () => pemPrivateKey({ types: [] }), 'INVALID_OPTION'],
  ['a protocol with its colon', () => url({ protocols: ['https:'] }), 'INVALID_OPTION'],
  ['a schema that is none', () => json({} as never), 'INVALID_OPTION'],
  ['an alphabet that there is not', () => base64({ alphabet: 'hex' as 'base64' }), 'INVALID_OPTION'],
  ['more at least than at most', () => base64({ bytes: { min: 2, max: 1 } }), 'INVALID_OPTION'],
  ['a length that is none', () => base64({ bytes: '32' as never }), 'INVALID_OPTION'],
  ['an empty list', () => oneOf([] as never), 'INVALID_OPTION'],
  ['a list of what can be no value', () => oneOf(['\0']), 'INVALID_OPTION'],
  ['no list', () => oneOf('test' as never), 'INVALID_OPTION'],
])('%s is refused', (_, make, code) => {
  expect(thrownBy(make)).toMatchObject({ name: 'TypeError', code })
})

test('what is done to a list after it was given changes nothing', async () => {
  const list: [string] = ['a']
  const schema = oneOf(list)
  list[0] = 'b'
  expect(await answer(schema, 'a')).toBe('a')
})
