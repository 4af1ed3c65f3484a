import { expect, test } from 'vitest'
import { deriveDataKey } from '../../../src/crypto/data-key.ts'
import { sealEnvelope } from '../../../src/crypto/envelope.ts'
import { packVersions, unpackVersions, withNext } from '../../../src/stores/sealing/packing.ts'
import { cases, fc } from '../../helpers/property.ts'

const storeId = Buffer.alloc(16, 1)
const key = deriveDataKey(Buffer.alloc(32, 2), storeId)
const sealed = (version: number) => ({
  version,
  bytes: sealEnvelope(key, { storeId, scope: 'default', name: 'a' }, version, 'x'.repeat(version % 500)),
})

test('any number of versions is joined and taken apart, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2 ** 52 }), { minLength: 1, maxLength: 5 }), (numbers) => {
      const versions = numbers.map(sealed)
      expect(unpackVersions(packVersions(versions))).toEqual(versions)
    }),
    { numRuns: cases(20, 1_000) },
  )
})

test('what was cut, lengthened or is something else becomes one version that does not open', () => {
  const packed = packVersions([sealed(1), sealed(2)])
  const length = packed.length / 2
  const wrong: Buffer[] = [
    Buffer.alloc(0),
    Buffer.from('text'),
    Buffer.concat([packed, Buffer.of(0)]),
    Buffer.alloc(300),
  ]
  for (let end = 1; end < packed.length; end += 1) if (end !== length) wrong.push(packed.subarray(0, end))
  for (const bytes of wrong) expect(unpackVersions(bytes)).toEqual([{ version: 0, bytes: Buffer.alloc(0) }])
})

test('the next version pushes out the oldest, and what is damaged', () => {
  const [one, two, three] = [sealed(1), sealed(2), sealed(3)]
  const row = { scope: 'default', name: 'a', revision: '', versions: [two, one] as const }
  expect(withNext(three, row, 1)).toEqual([three, two])
  expect(withNext(three, row, 9)).toEqual([three, two, one])
  expect(withNext(three, row, 0)).toEqual([three])
  expect(withNext(three, undefined, 1)).toEqual([three])
  expect(withNext(three, { ...row, versions: unpackVersions(Buffer.alloc(3)) }, 1)).toEqual([three])
})
