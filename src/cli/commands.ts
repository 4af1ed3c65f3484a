/** The commands. Each is loaded when it is asked for. */
import type { Command } from './command.ts'

/** Loads a command by its name, in the order of help. A name of two words belongs to a group: `recipients add`. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./commands/init.ts')).init,
  set: async () => (await import('./commands/set.ts')).set,
  list: async () => (await import('./commands/list.ts')).list,
  run: async () => (await import('./commands/run.ts')).run,
  inject: async () => (await import('./commands/inject.ts')).inject,
  check: async () => (await import('./commands/check.ts')).check,
  manifest: async () => (await import('./commands/manifest.ts')).manifest,
  completion: async () => (await import('./commands/completion.ts')).completion,
}
