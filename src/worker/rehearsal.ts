/** What a spare imports and calls as if it were a user's module; see the entry. */

interface Package {
  createRegistry(): {
    register(options: { name: string; module: string }): (fn: (input: unknown) => unknown) => unknown
  }
}

// By a name that no bundler follows: inside a child it stands for another file than in the host.
const name = 'latchkey'
const { createRegistry } = (await import(name)) as Package

createRegistry().register({ name: 'rehearsal', module: import.meta.url })((input) => input)
