/** Who holds a lock or left a file behind, written into its name; and whether that thread still lives. */
import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { hostname } from 'node:os'
import { errnoOf } from './failure.ts'

/** A thread of a process, told apart from every other on this machine, also across restarts. */
export interface Owner {
  /** The machine, if it has an identity that survives a restart; else `-`. */
  readonly machine: string
  /** This run of the system; `-` where it does not tell. */
  readonly boot: string
  /** The pid namespace; `-` where there are none. */
  readonly space: string
  readonly pid: number
  readonly thread: number
  /** When the thread was started, in the system's own unit; `-` where it does not tell. */
  readonly start: string
}

const TOKEN = /^o1\.([0-9a-z-]+)\.([0-9a-z-]+)\.(\d+|-)\.(\d+)\.(\d+)\.(\d+|-)\.[0-9a-f]{12}$/

/** Tells who this thread is. */
export function thisOwner(): Owner {
  const [, thread] = /(\d+)$/.exec(linkOf('/proc/thread-self')) ?? []
  const tid = thread === undefined ? threadNumber() : Number(thread)
  const [space = '-'] = /\d+/.exec(linkOf('/proc/self/ns/pid')) ?? []
  const machineId = process.platform === 'linux' ? textOf('/etc/machine-id').trim() : process.platform
  const boot = textOf('/proc/sys/kernel/random/boot_id').trim()
  return {
    machine: machineId === '' ? '-' : digest(`${machineId} ${hostname()}`),
    boot: boot === '' ? '-' : digest(boot),
    space,
    pid: process.pid,
    thread: tid,
    start: threadState(process.pid, tid)?.start ?? '-',
  }
}

/** Loaded only where the system does not tell: a command that reads one secret would wait for it. */
function threadNumber(): number {
  const { isMainThread, threadId } = process.getBuiltinModule('node:worker_threads')
  return isMainThread ? process.pid : threadId
}

/** Makes a name that says who its owner is, and that nobody makes twice. */
export function newToken(owner: Owner): string {
  const { machine, boot, space, pid, thread, start } = owner
  return ['o1', machine, boot, space, pid, thread, start, randomBytes(6).toString('hex')].join('.')
}

/** Reads a name made by {@link newToken}, `undefined` if it is none. */
export function ownerOf(token: string): Owner | undefined {
  const [, machine, boot, space, pid, thread, start] = TOKEN.exec(token) ?? []
  if (machine === undefined || boot === undefined || space === undefined || start === undefined) return undefined
  return { machine, boot, space, pid: Number(pid), thread: Number(thread), start }
}

/**
 * Tells whether an owner is gone for certain. Whoever cannot be looked at (another container, another machine) may live.
 * Time plays no part: a stopped process lives.
 */
export function isDead(owner: Owner, self: Owner): boolean {
  if (owner.boot !== self.boot) {
    // The same machine runs once at a time, so what an earlier run left is dead.
    return owner.boot !== '-' && self.boot !== '-' && owner.machine !== '-' && owner.machine === self.machine
  }
  if (owner.boot === '-' && (owner.machine === '-' || owner.machine !== self.machine)) return false
  if (owner.space !== self.space) return false
  const state = threadState(owner.pid, owner.thread)
  if (state !== undefined) return state.ended || (owner.start !== '-' && state.start !== owner.start)
  if (!exists(owner.pid)) return true
  // The process lives and can be looked at, but the thread is gone: a worker thread that was terminated.
  return threadState(owner.pid, owner.pid) !== undefined
}

/** True unless there is no such process: one that belongs to somebody else exists. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) !== 'ESRCH'
  }
}

/** Reads the state and start time of a thread (proc(5), `stat`, fields 3 and 22); `undefined` if it cannot be looked at. */
function threadState(pid: number, thread: number): { readonly ended: boolean; readonly start: string } | undefined {
  const text = textOf(`/proc/${pid}/task/${thread}/stat`)
  // The second field is the program's name in parentheses, and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const start = fields[19]
  if (text === '' || start === undefined) return undefined
  return { ended: fields[0] === 'Z' || fields[0] === 'X', start }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

/** Gives the text of a file that the system may not have. */
function textOf(path: string): string {
  return whereGiven(() => fs.readFileSync(path, 'latin1'))
}

function linkOf(path: string): string {
  return whereGiven(() => fs.readlinkSync(path))
}

function whereGiven(read: () => string): string {
  try {
    return read()
  } catch (error) {
    // ENOENT, ESRCH, EACCES: this system does not tell, or the thread has ended. Anything else is a fault of ours.
    if (errnoOf(error) === undefined) throw error
    return ''
  }
}
