/**
 * Ends children that outlive their host. A child ends itself when its host is gone, unless its code never returns to the
 * event loop; so a shell waits at the other end of a pipe, and kills what is left when the pipe closes.
 */
import { type ChildProcess, spawn } from 'node:child_process'

/** Reads `+ pid` and `- pid`; at the end of its input, which is the host's end, it kills the pids that are left. */
const SCRIPT = `trap '' HUP INT TERM
p=' '
while read -r o n; do
  case "$o" in
    +) p="$p$n " ;;
    -) case "$p" in *" $n "*) p="\${p%% $n *} \${p#* $n }" ;; esac ;;
  esac
done
for n in $p; do kill -9 "$n" 2>/dev/null; done`

/** One shell, for all the children of a host. */
export interface Reaper {
  watch(pid: number): void
  forget(pid: number): void
  /** Ends the shell. Resolves when it is gone. */
  end(): Promise<void>
}

/** Starts a reaper. Where there is no shell (Windows, an image without one), it does nothing. */
export function startReaper(): Reaper | undefined {
  if (process.platform === 'win32') return undefined
  let shell: ChildProcess
  try {
    shell = spawn('/bin/sh', ['-c', SCRIPT], { cwd: '/', env: {}, stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  } catch (error) {
    // The host may not start this process (a permission model, a limit of processes): children still end themselves.
    if (typeof (error as { code?: unknown }).code !== 'string') throw error
    return undefined
  }
  const gone = new Promise<void>((resolve) => {
    shell.once('error', () => {
      resolve()
    })
    shell.once('exit', () => {
      resolve()
    })
  })
  // A shell that was killed takes nothing more; its absence is then that of an image without one.
  shell.stdin?.on('error', () => undefined)
  shell.unref()
  ;(shell.stdin as unknown as { unref(): void } | null)?.unref()
  return {
    watch: (pid) => shell.stdin?.write(`+ ${pid}\n`),
    forget: (pid) => shell.stdin?.write(`- ${pid}\n`),
    end() {
      shell.ref()
      shell.stdin?.end()
      return gone
    },
  }
}
