/**
 * Keeps a child from becoming a second host: while a module is imported, neither the host's main module may be loaded by
 * way of it, nor may a server be started.
 */
import fs from 'node:fs'
import module from 'node:module'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { modulePath } from './host-modules.ts'

/** The host's main module was about to be evaluated in a child. */
export class MainModuleReached extends Error {
  constructor() {
    super("this module imports the host's main module, which would start the host again in a child")
    this.name = 'MainModuleReached'
  }
}

interface SyncHooks {
  registerHooks?(hooks: {
    load(url: string, context: unknown, next: (url: string, context: unknown) => unknown): unknown
  }): { deregister(): void }
}

/**
 * Imports a module under guard.
 *
 * @param url - the module's URL.
 * @param mains - real paths of the host's main module.
 * @throws MainModuleReached if the import graph comes to one of `mains`; otherwise what the module throws.
 */
export async function importGuarded(url: string, mains: readonly string[]): Promise<void> {
  const reached = { main: false }
  const refuse = (path: string | undefined): void => {
    if (path === undefined || !mains.includes(path)) return
    reached.main = true
    throw new MainModuleReached()
  }
  const unguard = [refuseServers(), mains.length === 0 ? undefined : guardLoading(refuse)]
  try {
    refuse(modulePath(url))
    await import(url)
  } catch (error) {
    throw reached.main ? new MainModuleReached() : error
  } finally {
    for (const undo of unguard) undo?.()
  }
}

/** Watches which files are loaded as modules: by hooks where Node has them, else by what Node's loader reads. */
function guardLoading(refuse: (path: string | undefined) => void): () => void {
  const { registerHooks } = module as SyncHooks
  if (registerHooks !== undefined) {
    const hooks = registerHooks({
      load(url, context, next) {
        refuse(modulePath(url))
        return next(url, context)
      },
    })
    return () => {
      hooks.deregister()
    }
  }
  const { readFile } = fs.promises
  const { readFileSync } = fs
  const check = (path: unknown): void => {
    if (path instanceof URL) refuse(path.protocol === 'file:' ? modulePath(path.href) : undefined)
    else if (typeof path === 'string') refuse(path.startsWith('file:') ? fileURLToPath(path) : path)
  }
  Object.assign(fs.promises, {
    // As the loader asks, it is answered at once: on its way through the thread pool, a first call waits for each module.
    async readFile(...args: Parameters<typeof readFile>): Promise<unknown> {
      check(args[0])
      return args.length === 1 && args[0] instanceof URL ? readFileSync(args[0]) : readFile(...args)
    },
  })
  Object.assign(fs, {
    readFileSync(...args: Parameters<typeof readFileSync>): unknown {
      check(args[0])
      return readFileSync(...args)
    },
  })
  return () => {
    Object.assign(fs.promises, { readFile })
    Object.assign(fs, { readFileSync })
  }
}

function refuseServers(): () => void {
  const { prototype } = net.Server
  const { listen } = prototype
  Object.assign(prototype, {
    listen(): never {
      throw new Error(
        'This module starts a server while it is imported. It is imported in a child to run a registered function: ' +
          'start the server in another module, or in a function that your main module calls.',
      )
    },
  })
  return () => {
    Object.assign(prototype, { listen })
  }
}
