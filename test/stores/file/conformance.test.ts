import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStore, generateKey } from 'latchkey'
import { testSecretStore } from 'latchkey/testing'
import { describe, test } from 'vitest'

const folder = (): string => mkdtempSync(join(tmpdir(), 'latchkey-suite-'))

describe('a file store with a raw key', () => {
  testSecretStore({
    describe,
    test,
    factory: () => {
      const place = folder()
      const store = fileStore({ path: join(place, 'secrets.latchkey'), key: generateKey() })
      return {
        store,
        dispose: () => {
          rmSync(place, { recursive: true })
        },
      }
    },
  })
})

describe('a file store whose data key others wrap', () => {
  testSecretStore({
    describe,
    test,
    factory: () => {
      const place = folder()
      const pad = randomBytes(32)
      const mix = (key: Uint8Array): Promise<Uint8Array> =>
        Promise.resolve(key.map((byte, index) => byte ^ (pad[index] ?? 0)))
      const store = fileStore({ path: join(place, 'secrets.latchkey'), keys: [{ id: 'kms', wrap: mix, unwrap: mix }] })
      return {
        store,
        dispose: () => {
          rmSync(place, { recursive: true })
        },
      }
    },
  })
})
