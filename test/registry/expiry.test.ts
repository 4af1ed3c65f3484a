import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { expiryOf } from '../../src/registry/expiry.ts'
import { selfSigned } from '../helpers/self-signed.ts'

const part = (data: unknown): string => Buffer.from(JSON.stringify(data)).toString('base64url')
const jwt = (payload: unknown, header: unknown = { alg: 'HS256' }): string => `${part(header)}.${part(payload)}.c2ln`
const { cert, key } = selfSigned()
const certEnd = new Date(new X509Certificate(cert).validTo)

test('a JWT expires when its exp says, to the second and with fractions', () => {
  const at = new Date('2031-02-03T04:05:06.500Z')
  expect(expiryOf(jwt({ exp: at.getTime() / 1000 }))).toEqual({ kind: 'jwt', at })
  expect(expiryOf(`${jwt({ exp: 0 })}\n`)).toEqual({ kind: 'jwt', at: new Date(0) })
})

test.each<[string, string]>([
  ['the empty string', ''],
  ['a plain token', 'ghp_0123456789abcdef'],
  ['a JWT without exp', jwt({ sub: 'bob' })],
  ['a JWT whose exp is text', jwt({ exp: 'tomorrow' })],
  ['a JWT whose exp is past all dates', jwt({ exp: 1e300 })],
  ['three parts that hold no JSON', 'aaaa.bbbb.cccc'],
  ['a JWT behind other text', `Bearer ${jwt({ exp: 1 })}`],
  ['a JWT before other text', `${jwt({ exp: 1 })} and more`],
  ['a JWT with four parts', `${jwt({ exp: 1 })}.x`],
  ['three parts that hold JSON, but no algorithm', jwt({ exp: 1 }, { typ: 'x' })],
  ['three parts that hold null', `${part(null)}.${part(null)}.`],
  ['a text longer than any token', `${part({ alg: 'x' })}.${part({ exp: 1, pad: 'x'.repeat(70_000) })}.`],
  ['a private key', key],
  ['a certificate that is none', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ['a certificate that was cut', cert.slice(0, -40)],
])('%s does not say when it expires', (_, value) => {
  expect(expiryOf(value)).toBeUndefined()
})

test('a token of 64 KiB is looked into, and none that is longer', () => {
  const of = (length: number): string => {
    const start = jwt({ exp: 1 })
    return start.concat('A'.repeat(length - start.length))
  }
  expect(expiryOf(of(64 * 1024))).toEqual({ kind: 'jwt', at: new Date(1000) })
  expect(expiryOf(of(64 * 1024 + 1))).toBeUndefined()
})

test('a certificate expires when it says, also between other blocks, and with CRLF', () => {
  expect(expiryOf(`${key}\n${cert}`)).toEqual({ kind: 'certificate', at: certEnd })
  expect(expiryOf(cert.replaceAll('\n', '\r\n'))).toEqual({ kind: 'certificate', at: certEnd })
})

test('a chain expires with the first of its certificates', () => {
  const later = selfSigned(9).cert
  expect(expiryOf(`${later}${cert}`)?.at).toEqual(certEnd)
  expect(expiryOf(`${cert}${later}`)?.at).toEqual(certEnd)
})
