/** What the program's exit code says. */
export const EXIT = {
  /** It did what it was asked. */
  ok: 0,
  /** It could not. */
  failure: 1,
  /** It was asked in a way that it does not understand; it looked at nothing and changed nothing. */
  usage: 2,
  /** Ctrl-C at a prompt: 128 and the number of SIGINT, as a shell says it. */
  interrupted: 130,
} as const

/** Any of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
