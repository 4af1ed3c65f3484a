/** TypeScript in a child: whether Node or a loader can read a module, and tsx where neither can. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { loaderFlags } from './flags.ts'

/** Makes a TypeScript module loadable, by tsx from the module's own folder if need be. True: nothing here can load it. */
export async function needsLoader(url: string): Promise<boolean> {
  if (!/\.[cm]?tsx?$/.test(new URL(url).pathname)) return false
  const strips = (process.features as { typescript?: unknown }).typescript
  if (strips !== undefined && strips !== false) return false
  if (loaderFlags(process.execArgv).some((flag) => !flag.startsWith('--conditions'))) return false
  let api: string
  try {
    api = createRequire(url).resolve('tsx/esm/api')
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error
    return true
  }
  const { register } = (await import(pathToFileURL(api).href)) as { register(): unknown }
  register()
  return false
}
