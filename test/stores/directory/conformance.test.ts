import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'vitest'
import { directoryStore } from '../../../src/stores/directory.ts'
import { testSecretStore } from '../../../src/testing/index.ts'
import type { Seed } from '../../../src/testing/index.ts'
import { writeVolume } from '../../fixtures/directory/kubelet.mjs'
import { documents, emptyFolder, mountVolumes } from '../../helpers/mounts.ts'

/** How each platform fills a directory. */
const PLATFORMS: Readonly<Record<string, ['directories' | 'files', (path: string, seed: Seed) => void]>> = {
  'Secrets that Kubernetes mounts': ['directories', mountVolumes],
  'files of JSON, as Docker and systemd put them': [
    'files',
    (path, seed) => {
      for (const [file, json] of Object.entries(documents(seed))) {
        mkdirSync(dirname(join(path, file)), { recursive: true })
        writeFileSync(join(path, file), json, { mode: 0o400 })
      }
    },
  ],
  'one volume of Kubernetes that holds files of JSON': [
    'files',
    (path, seed) => {
      writeVolume(path, documents(seed))
    },
  ],
}

describe.each(Object.entries(PLATFORMS))('%s', (_, [layout, fill]) => {
  testSecretStore({
    describe,
    test,
    factory: (seed) => {
      const path = emptyFolder()
      fill(path, seed)
      return {
        store: directoryStore({ path, layout }),
        dispose: () => {
          rmSync(path, { recursive: true })
        },
      }
    },
  })
})
