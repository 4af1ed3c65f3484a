import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { publicEntries, publicTypes, spokenOf, spokenOfIn } from '../helpers/public-types.ts'

const entries = publicEntries()
const types = publicTypes(entries)

test('every export of every entry stands in a test of types', () => {
  expect(types.exports.length).toBeGreaterThan(200)
  expect(new Set(types.exports.map(({ entry }) => entry))).toEqual(new Set(Object.keys(entries)))
  const spoken = spokenOfIn(fileURLToPath(new URL('.', import.meta.url)))
  const silent = types.exports.map(({ entry, name }) => `${entry} ${name}`).filter((name) => !spoken.has(name))
  expect(silent).toEqual([])
})

test('no public type has any in it', () => {
  expect(types.anys).toEqual([])
})

describe('the guards themselves', () => {
  test('hear only what stands in an expectTypeOf', () => {
    const text = `
      import { a, type B, c as d } from 'one'
      import * as two from 'two'
      test('x', () => {
        a()
        two.silent()
        expectTypeOf<B>().toEqualTypeOf<two.C>()
        expectTypeOf(two.e).toBeCallableWith(d)
      })`
    expect(spokenOf(text).map(({ entry, name }) => `${entry} ${name}`)).toEqual(['one B', 'two C', 'two e', 'one c'])
  })

  test('find any wherever it stands', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'latchkey-types-')))
    const path = join(folder, 'a.ts')
    writeFileSync(
      path,
      `export const value: any = 1
       export function takes(a: any): void {}
       export function gives(): Promise<{ readonly a: any }> { throw 1 }
       export interface Holds { readonly list: readonly (string | any[])[] }
       export type Fine = (a: unknown) => readonly string[]
       export class Made { constructor(readonly a: { b?: any }) {} }`,
    )
    try {
      const found = new Set(publicTypes({ a: path }, folder).anys.map((place) => place.split(/[ .<([]/)[1]))
      expect(found).toEqual(new Set(['value', 'takes', 'gives', 'Holds', 'Made']))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
