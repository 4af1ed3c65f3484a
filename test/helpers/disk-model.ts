/**
 * A model of a disk that keeps what was waited for, and of the rest whatever is worst: after a power cut, a file's bytes are
 * those of its last fsync, or any of what came later; and of the names given since their folder's last fsync, any may be there.
 */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { nodeFileSystem } from '../../src/stores/file/file-system.ts'
import type { FileSystem } from '../../src/stores/file/file-system.ts'

/** What a file may hold after a power cut. */
interface ModelFile {
  durable: Buffer
  now: Buffer
}

/** Gives a name to a file, or takes it away. */
type NameChange = { name: string; file: ModelFile | undefined }

export interface DiskModel {
  system: FileSystem
  /** Gives every content that the file at a path may have if the power fails now; `undefined`: it is not there. */
  afterPowerCut: (path: string) => (Buffer | undefined)[]
}

/** Which of the protocol's precautions are left out, to see that the model finds it. */
export interface Mutant {
  fileFsync?: boolean
  folderFsync?: boolean
  inPlace?: boolean
}

/** Makes the calls on the real disk, and follows them in the model. Calls `eachCall` after every one that changes it. */
export function modelDisk(eachCall: () => void, mutant: Mutant = {}): DiskModel {
  const durableNames = new Map<string, ModelFile>()
  const names = new Map<string, ModelFile>()
  const pending: NameChange[] = []
  const descriptors = new Map<number, ModelFile | string>()

  const name = (path: string, file: ModelFile | undefined) => {
    pending.push({ name: path, file })
    if (file === undefined) names.delete(path)
    else names.set(path, file)
    eachCall()
  }

  const system: FileSystem = {
    ...nodeFileSystem,
    open(path, flags, mode) {
      const fd = nodeFileSystem.open(path, flags, mode)
      const isFolder = nodeFileSystem.fstat(fd).isDirectory()
      const known = names.get(path)
      const file = known ?? { durable: Buffer.alloc(0), now: isFolder ? Buffer.alloc(0) : readFileSync(path) }
      descriptors.set(fd, isFolder ? path : file)
      if (known === undefined && !isFolder) name(path, file)
      return fd
    },
    async write(fd, buffer, offset, length) {
      const written = await nodeFileSystem.write(fd, buffer, offset, length)
      const file = descriptors.get(fd)
      if (typeof file === 'object') file.now = Buffer.concat([file.now, buffer.subarray(offset, offset + written)])
      eachCall()
      return written
    },
    async fsync(fd) {
      const file = descriptors.get(fd)
      if (typeof file === 'object' ? mutant.fileFsync === false : mutant.folderFsync === false) return
      await nodeFileSystem.fsync(fd)
      if (typeof file === 'object') file.durable = file.now
      else {
        for (const change of pending.splice(0)) apply(durableNames, change)
      }
      eachCall()
    },
    rename(from, to) {
      const file = names.get(from)
      if (file === undefined) {
        nodeFileSystem.rename(from, to)
        return
      }
      if (mutant.inPlace === true) {
        const target = names.get(to)
        if (target !== undefined) {
          target.now = Buffer.alloc(0)
          eachCall()
          target.now = file.now
          eachCall()
          target.durable = target.now
          nodeFileSystem.rename(from, to)
          names.delete(from)
          return
        }
      }
      nodeFileSystem.rename(from, to)
      names.delete(from)
      pending.push({ name: from, file: undefined })
      name(to, file)
    },
    unlink(path) {
      nodeFileSystem.unlink(path)
      if (names.has(path)) name(path, undefined)
    },
  }

  return {
    system,
    afterPowerCut(path) {
      const here = pending.filter((change) => dirname(change.name) === dirname(path) && change.name === path)
      const candidates = new Set<ModelFile | undefined>([durableNames.get(path), ...here.map(({ file }) => file)])
      return [...candidates].flatMap((file) => (file === undefined ? [undefined] : contentsOf(file)))
    },
  }
}

function apply(names: Map<string, ModelFile>, { name, file }: NameChange): void {
  if (file === undefined) names.delete(name)
  else names.set(name, file)
}

/** Nothing of what came after the last fsync, all of it, half of it, or its length without its bytes. */
function contentsOf({ durable, now }: ModelFile): Buffer[] {
  if (durable === now) return [now]
  return [durable, now, now.subarray(0, now.length >> 1), Buffer.alloc(now.length)]
}
