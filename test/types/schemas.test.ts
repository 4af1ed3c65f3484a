import {
  base64,
  type Base64Options,
  type CertificateOptions,
  json,
  jwt,
  type JwtOptions,
  type KeySchema,
  oneOf,
  pemCertificate,
  pemPrivateKey,
  type PrivateKeyOptions,
  type PrivateKeyType,
  sshPrivateKey,
  url,
  type UrlOptions,
} from 'latchkey/schemas'
import type { StandardSchema } from 'latchkey'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'

test('each ready-made schema takes its options, and is a schema from string to string', () => {
  expectTypeOf(base64).toEqualTypeOf<(options?: Base64Options) => KeySchema>()
  expectTypeOf(jwt).toEqualTypeOf<(options?: JwtOptions) => KeySchema>()
  expectTypeOf(pemCertificate).toEqualTypeOf<(options?: CertificateOptions) => KeySchema>()
  expectTypeOf(pemPrivateKey).toEqualTypeOf<(options?: PrivateKeyOptions) => KeySchema>()
  expectTypeOf(sshPrivateKey).toEqualTypeOf<() => KeySchema>()
  expectTypeOf(url).toEqualTypeOf<(options?: UrlOptions) => KeySchema>()
  expectTypeOf(json).toEqualTypeOf<(document?: StandardSchema) => KeySchema>()
  expectTypeOf(json).toBeCallableWith(z.object({ a: z.coerce.number() }))
  expectTypeOf<KeySchema>().toEqualTypeOf<StandardSchema<string, string>>()
})

test('oneOf is a schema for the values that it is given, without as const', () => {
  expectTypeOf(oneOf(['test', 'live'])).toEqualTypeOf<KeySchema<'test' | 'live'>>()
  // @ts-expect-error -- no value at all
  const none = () => oneOf([])
  // @ts-expect-error -- values are strings
  const numbers = () => oneOf([1, 2])
  expectTypeOf([none, numbers]).toBeArray()
})

test('the options are these', () => {
  expectTypeOf<Base64Options['alphabet']>().toEqualTypeOf<'base64' | 'base64url' | undefined>()
  expectTypeOf<Base64Options['bytes']>().toEqualTypeOf<
    number | { readonly min?: number | undefined; readonly max?: number | undefined } | undefined
  >()
  expectTypeOf<CertificateOptions['notExpired']>().toEqualTypeOf<boolean | undefined>()
  expectTypeOf<CertificateOptions['leewaySeconds']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<JwtOptions>().toEqualTypeOf<{
    readonly leewaySeconds?: number | undefined
    readonly validForSeconds?: number | undefined
    readonly unlimited?: boolean | undefined
  }>()
  expectTypeOf<PrivateKeyOptions['types']>().toEqualTypeOf<readonly PrivateKeyType[] | undefined>()
  expectTypeOf<'ed25519'>().toExtend<PrivateKeyType>()
  expectTypeOf<UrlOptions['protocols']>().toEqualTypeOf<readonly string[] | undefined>()
})
