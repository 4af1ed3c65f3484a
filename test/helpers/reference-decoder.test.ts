import { expect, test } from 'vitest'
import { hchacha20, padme, xchachaOpen } from './reference-decoder.ts'

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')

test('the reference computes the HChaCha20 example of draft-irtf-cfrg-xchacha-03, 2.2.1', () => {
  const key = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
  const out = hchacha20(key, hex('000000090000004a0000000031415927'))
  expect(out.toString('hex')).toBe('82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc')
})

test('the reference opens the AEAD example of draft-irtf-cfrg-xchacha-03, A.3.1', () => {
  const key = hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f')
  const nonce = hex('404142434445464748494a4b4c4d4e4f5051525354555657')
  const sealed = hex(`
    bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb
    731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
    2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
    21f9664c97637da9768812f615c68b13b52e c0875924c1c7987947deafd8780acf49`)
  const text = xchachaOpen(key, nonce, hex('50515253c0c1c2c3c4c5c6c7'), sealed)
  expect(text.toString()).toBe(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  )
})

test('Padmé gives the lengths of the paper', () => {
  expect([128, 129, 200, 256, 257, 1000, 1_000_000].map(padme)).toEqual([128, 144, 208, 256, 272, 1024, 1_015_808])
})
