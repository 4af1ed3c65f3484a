/** What the program's exit code says. */
export const EXIT = {
  /** It did what it was asked. */
  ok: 0,
  /** It could not. */
  failure: 1,
  /** It was asked in a way that it does not understand; it looked at nothing and changed nothing. */
  usage: 2,
  /** `run`: latchkey failed before the program was started, as env and timeout say it. */
  notRun: 125,
  /** `run`: the program is there and cannot be started, as a shell says it. */
  notExecutable: 126,
  /** `run`: there is no such program, as a shell says it. */
  noProgram: 127,
  /** Ctrl-C at a prompt: 128 and the number of SIGINT, as a shell says it. */
  interrupted: 130,
} as const

/** One of the exit codes, or the one of a program that was started. */
export type ExitCode = number
