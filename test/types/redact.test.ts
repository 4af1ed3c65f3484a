import type { Transform } from 'node:stream'
import {
  createRedactor,
  type MASK,
  type RedactError,
  type RedactingTransformStream,
  type Redactor,
  type WITHHELD,
} from 'latchkey/redact'
import { expectTypeOf, test } from 'vitest'

test('a redactor is made of values, and takes texts, data, errors and streams', () => {
  expectTypeOf(createRedactor).toEqualTypeOf<(values?: Iterable<string>) => Redactor>()
  expectTypeOf<Redactor['add']>().toEqualTypeOf<(values: Iterable<string>) => void>()
  expectTypeOf<Redactor['redact']>().toEqualTypeOf<(text: string) => string>()
  expectTypeOf<Redactor['redactError']>().toEqualTypeOf<RedactError>()
  expectTypeOf<RedactError>().toBeCallableWith(new Error('x'))
  expectTypeOf<ReturnType<Redactor['stream']>>().toExtend<Transform>()
  expectTypeOf<ReturnType<Redactor['webStream']>>().toEqualTypeOf<RedactingTransformStream>()
  expectTypeOf<RedactingTransformStream>().toEqualTypeOf<TransformStream<string | Uint8Array, string | Uint8Array>>()
})

test('what stands in place of values is known to the compiler', () => {
  expectTypeOf<typeof MASK>().toEqualTypeOf<'***'>()
  expectTypeOf<typeof WITHHELD>().toEqualTypeOf<'[withheld: redaction failed]'>()
})
