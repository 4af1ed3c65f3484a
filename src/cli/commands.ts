/** The commands. Each is loaded when it is asked for. */
import type { Command } from './command.ts'

/** Loads a command by its name, in the order of help. A name of two words belongs to a group: `recipients add`. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./commands/init.ts')).init,
  set: async () => (await import('./commands/set.ts')).set,
  unset: async () => (await import('./commands/unset.ts')).unset,
  get: async () => (await import('./commands/get.ts')).get,
  list: async () => (await import('./commands/list.ts')).list,
  show: async () => (await import('./commands/show.ts')).show,
  rm: async () => (await import('./commands/rm.ts')).rm,
  history: async () => (await import('./commands/history.ts')).history,
  rollback: async () => (await import('./commands/rollback.ts')).rollback,
  import: async () => (await import('./commands/import.ts')).importSecrets,
  export: async () => (await import('./commands/export.ts')).exportSecrets,
  'rotate-key': async () => (await import('./commands/rotate-key.ts')).rotateKey,
  passphrase: async () => (await import('./commands/passphrase.ts')).passphrase,
  'recipients list': async () => (await import('./commands/recipients-list.ts')).recipientsList,
  'recipients add': async () => (await import('./commands/recipients-add.ts')).recipientsAdd,
  'recipients rm': async () => (await import('./commands/recipients-rm.ts')).recipientsRm,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  run: async () => (await import('./commands/run.ts')).run,
  inject: async () => (await import('./commands/inject.ts')).inject,
  check: async () => (await import('./commands/check.ts')).check,
  manifest: async () => (await import('./commands/manifest.ts')).manifest,
  help: async () => (await import('./commands/help.ts')).help,
  completion: async () => (await import('./commands/completion.ts')).completion,
}
