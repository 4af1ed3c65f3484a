/** TypeScript in a child: whether Node or a loader can read a module, and tsx where neither can. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { CHILD_CONDITION, loaderFlags } from './flags.ts'

/** What loaders of TypeScript are called. A host may preload much else, and a test runner does. */
const LOADERS = /tsx|ts-node|swc|esbuild|jiti|sucrase|babel|oxc|typescript|\bts\b/i

/** Makes a TypeScript module loadable, by tsx from the module's own folder if need be. True: nothing here can load it. */
export async function lacksLoader(url: string): Promise<boolean> {
  if (!/\.[cm]?tsx?$/.test(new URL(url).pathname)) return false
  const strips = (process.features as { typescript?: unknown }).typescript
  if (strips !== undefined && strips !== false) return false
  if (hostHasLoader()) return false
  let tsx: string
  try {
    tsx = createRequire(url).resolve('tsx/esm')
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error
    return true
  }
  // Its programming interface cannot be had this way: what `require` resolves to does not register. This one does on import.
  await import(pathToFileURL(tsx).href)
  return false
}

/** Tells whether an import failed at TypeScript: a host's `--require` may have been no loader. */
export function isUnreadTypeScript(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return code === 'ERR_UNKNOWN_FILE_EXTENSION' && /"\.[cm]?tsx?"/.test(String(message))
}

/** Whether the host was started with a loader of TypeScript, as far as its name tells. */
function hostHasLoader(): boolean {
  // The host's flags come first; what follows the condition are packages to preload.
  const own = process.execArgv.indexOf(CHILD_CONDITION)
  const flags = own === -1 ? process.execArgv : process.execArgv.slice(0, own)
  const loading = loaderFlags(flags).filter((flag) => !/strip-types|source-maps/.test(flag))
  return loading.some((flag) => LOADERS.test(nameOf(flag)))
}

/** What a flag loads, without the folders in which it lies: a project may be called anything. */
function nameOf(flag: string): string {
  const value = flag.replace(/^--[a-z-]+=/, '').replaceAll('\\', '/')
  const inPackages = value.lastIndexOf('/node_modules/')
  if (inPackages !== -1) return value.slice(inPackages)
  return /^(?:\.|\/|file:|[a-z]:\/)/i.test(value) ? value.slice(value.lastIndexOf('/')) : value
}
