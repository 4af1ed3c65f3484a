/** Loads the client of an engine, which is a package of the user's own: from the folder where latchkey was started. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CliError, errnoOf } from '../failure.ts'

/** A package that was found. */
export interface Client {
  readonly name: string
  /** Its exports; those of a CommonJS package are under `default`, too. */
  readonly module: Readonly<Record<string, unknown>>
}

/**
 * Loads the first of these packages that is installed for the working directory, else beside latchkey.
 *
 * @param engine - what it is for, in the message: `PostgreSQL`.
 * @throws CliError NO_CLIENT if none is installed, or if it does not load.
 */
export async function loadClient(engine: string, names: readonly [string, ...string[]]): Promise<Client> {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    for (const name of names) {
      const path = resolved(name, from)
      if (path === undefined) continue
      return { name, module: await loaded(name, path) }
    }
  }
  const others = names.length === 1 ? '' : ` (or ${names.slice(1).join(', ')})`
  throw new CliError(
    'NO_CLIENT',
    `A store in ${engine} needs the package ${names[0]}${others}, which is not installed here.`,
    `Install it where you start latchkey: npm install ${names[0]}`,
  )
}

async function loaded(name: string, path: string): Promise<Client['module']> {
  try {
    return (await import(pathToFileURL(path).href)) as Client['module']
  } catch (error) {
    const hint = `Install it again: npm install ${name}`
    throw new CliError('NO_CLIENT', `The package ${name} does not load (${errnoOf(error) ?? 'it throws'}).`, hint)
  }
}

function resolved(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw new CliError(
      'NO_CLIENT',
      `The package ${name} is there, but it cannot be loaded.`,
      `Install it again: npm install ${name}`,
    )
  }
}

/** Gives an export of a package, wherever the package keeps it. */
export function exportOf({ module }: Client, name: string): unknown {
  const inside = module['default'] as Record<string, unknown> | undefined
  return module[name] ?? inside?.[name]
}
