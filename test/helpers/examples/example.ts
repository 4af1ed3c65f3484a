/** The examples: each folder of `examples` that is a package. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url))

export interface Example {
  /** Its folder's. */
  readonly name: string
  /** What it shows, in a line. */
  readonly description: string
  /** The packages that it may import, beside latchkey. */
  readonly packages: readonly string[]
  /** What it needs running, by the names under `engines` in its package.json: `redis`, `postgres`. */
  readonly engines: readonly string[]
}

interface Manifest {
  readonly description?: string
  readonly dependencies?: object
  readonly devDependencies?: object
  readonly engines?: object
}

/** Reads what each example says of itself, sorted by name. */
export function readExamples(folder: string = EXAMPLES): Example[] {
  return readdirSync(folder)
    .filter((name) => name !== 'node_modules' && existsSync(join(folder, name, 'package.json')))
    .sort()
    .map((name) => {
      const manifest = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as Manifest
      const { description = '', dependencies = {}, devDependencies = {}, engines = {} } = manifest
      const packages = [...Object.keys(dependencies), ...Object.keys(devDependencies)]
      return { name, description, packages, engines: Object.keys(engines).filter((engine) => engine !== 'node') }
    })
}

/**
 * Gives the examples of these names, or all.
 *
 * @throws RangeError if there is none of a name.
 */
export function choose(all: readonly Example[], names: readonly string[]): Example[] {
  const there = all.map(({ name }) => name)
  const unknown = names.filter((name) => !there.includes(name))
  if (unknown.length > 0)
    throw new RangeError(`There is no example ${unknown.join(', ')}; there are: ${there.join(', ')}.`)
  return all.filter(({ name }) => names.length === 0 || names.includes(name))
}
