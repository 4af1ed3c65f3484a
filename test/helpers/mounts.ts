/** Directories for tests of the directory store: on a real disk, removed when the test is over. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { nodeDirectorySystem } from '../../src/stores/directory/file-system.ts'
import type { DirectorySystem } from '../../src/stores/directory/file-system.ts'
import { openDirectoryStore } from '../../src/stores/directory/open.ts'
import type { DirectoryStore } from '../../src/stores/directory/open.ts'
import type { DirectoryStoreOptions } from '../../src/stores/directory/settings.ts'
import type { Seed } from '../../src/testing/index.ts'
import { writeVolume } from '../fixtures/directory/kubelet.mjs'

export interface Mount {
  readonly path: string
  /** Writes files, by their path in the mount. */
  write: (files: Readonly<Record<string, string | Uint8Array>>) => void
  /** Opens a store of it. Closed when the test is over. */
  open: (options?: Partial<DirectoryStoreOptions>, system?: DirectorySystem) => DirectoryStore
}

/** Makes an empty directory. Call it inside a test. */
export function mount(): Mount {
  const path = emptyFolder()
  const opened: DirectoryStore[] = []
  onTestFinished(async () => {
    for (const store of opened) await store.close()
    rmSync(path, { recursive: true, force: true })
  })
  return {
    path,
    write(files) {
      for (const [file, content] of Object.entries(files)) {
        mkdirSync(dirname(join(path, file)), { recursive: true })
        writeFileSync(join(path, file), content)
      }
    },
    open(options, system = nodeDirectorySystem) {
      const store = openDirectoryStore({ path, ...options }, system)
      opened.push(store)
      return store
    },
  }
}

/** Gives a new folder, to be removed by the caller. */
export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'latchkey-mount-'))
}

/** Mounts each secret of a seed as a volume of its own, as Kubernetes does. */
export function mountVolumes(path: string, seed: Seed): void {
  const volumes = places(seed)
  // A runtime makes all mount points before a kubelet's links could be in their way.
  for (const [place] of volumes) mkdirSync(join(path, place), { recursive: true })
  for (const [place, values] of volumes) writeVolume(join(path, place), values)
}

/** Gives a seed as files of JSON, by their path. */
export function documents(seed: Seed): Record<string, string> {
  return Object.fromEntries(places(seed).map(([place, values]) => [`${place}.json`, JSON.stringify(values)]))
}

function places(seed: Seed): [string, Readonly<Record<string, string>>][] {
  return Object.entries(seed).flatMap(([scope, names]) => {
    return Object.entries(names).map(([name, values]): [string, Readonly<Record<string, string>>] => {
      return [scope === 'default' ? name : `${scope}/${name}`, values]
    })
  })
}
