import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'vitest'
import { directoryStore } from '../../../src/stores/directory.ts'
import { testSecretStore } from '../../../src/testing/index.ts'
import type { Seed } from '../../../src/testing/index.ts'
import { writeVolume } from '../../fixtures/directory/kubelet.mjs'
import { documents, emptyFolder, mountVolumes } from '../../helpers/mounts.ts'

type Values = Readonly<Record<string, string>>

/** How each platform fills a directory, and how it changes or removes one secret in it. */
interface Platform {
  readonly layout: 'directories' | 'files'
  fill(path: string, seed: Seed): void
  change(path: string, scope: string, name: string, values: Values | undefined): void
}

const placeOf = (scope: string, name: string): string => (scope === 'default' ? name : `${scope}/${name}`)

/** What is in a volume now, by its path: a kubelet writes all of it anew at each change. */
const volumes = new Map<string, Record<string, string>>()

const PLATFORMS: Readonly<Record<string, Platform>> = {
  'Secrets that Kubernetes mounts': {
    layout: 'directories',
    fill: mountVolumes,
    change(path, scope, name, values) {
      const volume = join(path, placeOf(scope, name))
      if (values === undefined) rmSync(volume, { recursive: true, force: true })
      else {
        mkdirSync(volume, { recursive: true })
        writeVolume(volume, values)
      }
    },
  },
  'files of JSON, as Docker and systemd put them': {
    layout: 'files',
    fill(path, seed) {
      for (const [file, json] of Object.entries(documents(seed))) {
        mkdirSync(dirname(join(path, file)), { recursive: true })
        writeFileSync(join(path, file), json, { mode: 0o400 })
      }
    },
    change(path, scope, name, values) {
      const file = join(path, `${placeOf(scope, name)}.json`)
      if (values === undefined) {
        rmSync(file, { force: true })
        return
      }
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(`${file}.new`, JSON.stringify(values), { mode: 0o400 })
      renameSync(`${file}.new`, file)
    },
  },
  'one volume of Kubernetes that holds files of JSON': {
    layout: 'files',
    fill(path, seed) {
      volumes.set(path, documents(seed))
      writeVolume(path, documents(seed))
    },
    change(path, scope, name, values) {
      const files = { ...volumes.get(path) }
      if (values === undefined) Reflect.deleteProperty(files, `${placeOf(scope, name)}.json`)
      else files[`${placeOf(scope, name)}.json`] = JSON.stringify(values)
      volumes.set(path, files)
      writeVolume(path, files)
    },
  },
}

describe.each(Object.entries(PLATFORMS))('%s', (_, { layout, fill, change }) => {
  testSecretStore({
    describe,
    test,
    factory: (seed) => {
      const path = emptyFolder()
      fill(path, seed)
      return {
        store: directoryStore({ path, layout }),
        change: (scope, name, values) => {
          change(path, scope, name, values)
        },
        dispose: () => {
          rmSync(path, { recursive: true })
        },
      }
    },
  })
})
