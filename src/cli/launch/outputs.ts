/** Where a program's stdout and stderr go: to the terminal or whoever has latchkey's own, or through a pipe that is masked. */
import { closeSync, fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { isTerminal, stderr, stdout } from '../output.ts'
import { makePipes, type Pipe } from './pipes.ts'

/** What a program is started with as its stdout and stderr, and what is to be masked of it. */
export interface Outputs {
  readonly stdio: readonly [stdout: 'inherit' | 'pipe' | number, stderr: 'inherit' | 'pipe' | number]
  /** Gives what to copy, once the program was started, from these streams where `stdio` says `pipe`. */
  started(streams: readonly (Readable | null)[]): readonly Copy[]
  /** Closes them: nothing was started, or what was is not to be read. */
  close(): void
}

/** What is to be copied. The target is made when there is something to write. */
export interface Copy {
  readonly source: Readable
  readonly target: () => Writable
}

const STDOUT = 1
const STDERR = 2

/** Outputs that are passed on as they are. */
export const UNMASKED: Outputs = { stdio: ['inherit', 'inherit'], started: () => [], close: () => undefined }

/** Makes pipes for those of stdout and stderr that are no terminal. One, where both go to the same place: their order is kept. */
export async function maskedOutputs(): Promise<Outputs> {
  const masked = [STDOUT, STDERR].filter((fd) => !isTerminal(fd))
  if (masked.length === 0) return UNMASKED
  const wanted = masked.length === 2 && isSamePlace() ? [masked] : masked.map((fd) => [fd])
  const pipes = await makePipes(wanted.length)
  // Without pipes there is a stream of Node's for each.
  const lanes =
    pipes === undefined ? masked.map((fd) => ({ fds: [fd] })) : wanted.map((fds, at) => ({ fds, pipe: pipes[at] }))
  return outputsOf(lanes)
}

interface Lane {
  /** STDOUT, STDERR or both, and the first says where it goes. */
  readonly fds: readonly number[]
  readonly pipe?: Pipe | undefined
}

function outputsOf(lanes: readonly Lane[]): Outputs {
  const placeOf = (fd: number) => {
    const lane = lanes.find(({ fds }) => fds.includes(fd))
    return lane === undefined ? 'inherit' : (lane.pipe?.writeEnd ?? 'pipe')
  }
  let open = lanes.flatMap(({ pipe }) => (pipe === undefined ? [] : [pipe.readEnd, pipe.writeEnd]))
  let sources: readonly Readable[] = []
  return {
    stdio: [placeOf(STDOUT), placeOf(STDERR)],
    started(streams) {
      open = []
      const copies = lanes.flatMap(({ fds: [fd = STDOUT], pipe }) => {
        if (pipe !== undefined) closeSync(pipe.writeEnd)
        const source = pipe === undefined ? streams[fd - 1] : reading(pipe.readEnd)
        return source == null ? [] : [{ source, target: fd === STDERR ? stderr : stdout }]
      })
      sources = copies.map(({ source }) => source)
      return copies
    },
    close() {
      for (const fd of open) closeSync(fd)
      open = []
      for (const source of sources) source.destroy()
    },
  }
}

function reading(fd: number): Readable {
  return new Socket({ fd, readable: true, writable: false })
}

/** Tells whether stdout and stderr are one file or pipe. */
function isSamePlace(): boolean {
  if (process.platform === 'win32') return false
  const [one, other] = [fstatSync(STDOUT, { bigint: true }), fstatSync(STDERR, { bigint: true })]
  return one.dev === other.dev && one.ino === other.ino
}
