import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileStore, generateKey } from '../../../src/stores/file.ts'
import { fileReader } from '../../../src/stores/file/reader.ts'
import { testSecretStore } from '../../../src/testing/index.ts'
import { failureOf, storeFolder } from '../../helpers/store-folder.ts'

describe('a store file that is only read', () => {
  testSecretStore({
    describe,
    test,
    factory: async (seed) => {
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-suite-'))
      const options = { path: join(folder, 'secrets.latchkey'), key: generateKey() }
      const writer = fileStore(options)
      for (const [scope, secrets] of Object.entries(seed)) {
        await Promise.all(Object.entries(secrets).map(([name, values]) => writer.set(name, values, { scope })))
      }
      return {
        store: fileReader(options),
        async change(scope, name, values) {
          if (values === undefined) await writer.delete(name, { scope })
          else await writer.set(name, values, { scope })
        },
        async dispose() {
          await writer.close()
          rmSync(folder, { recursive: true })
        },
      }
    },
  })
})

test('it answers what the whole store answers', async () => {
  const { open, path, key } = storeFolder()
  const store = open()
  await store.set('a', { K: 'one' }, { description: 'for a test' })
  await store.set('a', { K: 'two' }, { mode: 'merge' })
  await using reader = fileReader({ path, key })
  expect(await reader.get('a')).toEqual(await store.get('a'))
  expect(await reader.describe('a')).toEqual(store.describe('a'))
})

test.each([
  ['another key', () => ({ key: generateKey() }), 'KEY_WRONG'],
  ['a key file that is not there', (path: string) => ({ keyFile: `${path}.gone` }), 'KEY_MISSING'],
  ['what is no key', () => ({ key: 'secret' }), 'KEY_FORMAT'],
])('it fails as the whole store does with %s', async (_, options, code) => {
  const { open, path } = storeFolder()
  await open().set('a', { K: 'v' })
  const given = { path, ...options(path) }
  await using whole = fileStore(given)
  await using reader = fileReader(given)
  const failure = await failureOf(reader.get('a'))
  expect(failure).toMatchObject({ code })
  expect(failure).toEqual(await failureOf(whole.get('a')))
})

test('it refuses a file of which one byte was changed, and an older file that was put back', async () => {
  const { open, path, key } = storeFolder()
  await open().set('a', { K: 'v' })
  const first = readFileSync(path)
  await open().set('a', { K: 'w' })
  await using reader = fileReader({ path, key })
  expect((await reader.get('a'))?.values['K']).toBe('w')
  writeFileSync(`${path}.new`, first, { mode: 0o600 })
  renameSync(`${path}.new`, path)
  expect(await failureOf(reader.get('a'))).toMatchObject({ code: 'ROLLED_BACK' })
  const changed = Buffer.from(first)
  changed[first.length - 100] = 0
  writeFileSync(`${path}.new`, changed, { mode: 0o600 })
  renameSync(`${path}.new`, path)
  expect(await failureOf(reader.get('a'))).toMatchObject({ code: 'CORRUPT' })
})

test('what it does not take is refused at once, as the whole store does it', () => {
  expect(() => fileReader({ pth: 'x' } as never)).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }) as Error)
})
