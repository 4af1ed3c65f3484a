import { expect, test } from 'vitest'
import { cacheEntries, entryOf } from '../../../src/stores/cached/entries.ts'
import { cacheSettings } from '../../../src/stores/cached/settings.ts'

test('one that was used since the last one had to go does not go next', () => {
  const entries = cacheEntries(3)
  const put = (name: string): void => {
    entries.put(entryOf({ scope: 'default', name }, undefined, undefined, 0, cacheSettings({})))
  }
  for (const name of ['a', 'b', 'c', 'd']) put(name)
  entries.find('default', 'b')
  put('e')
  const held = ['a', 'b', 'c', 'd', 'e'].filter((name) => entries.find('default', name) !== undefined)
  expect(held).toEqual(['b', 'd', 'e'])
})
