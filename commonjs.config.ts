/**
 * Makes CommonJS of files that esbuild split, and puts those together that are needed together. Node starts CommonJS sooner than ES
 * modules, and each file that it has to look for, read and compile delays the start. esbuild can split ES modules only.
 */
import { basename, relative } from 'node:path'
import { transform, type Metafile, type OutputFile, type Plugin } from 'esbuild'

/** One file of the build. */
interface File {
  readonly name: string
  readonly text: string
  /** The module that it was made for, if it is no shared part. */
  readonly entry: string | undefined
  /** The files that it needs to be loaded at all. */
  readonly needs: readonly string[]
}

/** What stands for `import.meta.url`, which CommonJS does not have. */
const OWN_URL = 'ownUrl'
/** Loads a part of a bundle inside it. */
const PART = 'partOfBundle'

/**
 * Makes the plugin.
 *
 * @param bundles - names of files to make, with the modules that go into each, with all that these need.
 * @param main - the module that is started: it stays a file, and only what it needs can be put into a bundle.
 */
export function commonJs(bundles: Readonly<Record<string, readonly string[]>>, main: string, target: string): Plugin {
  return {
    name: 'commonjs',
    setup(build) {
      build.initialOptions.metafile = true
      build.onEnd(async (result) => {
        const { outputFiles = [], metafile } = result
        if (metafile === undefined) return
        const files = new Map(filesOf(outputFiles, metafile).map((file) => [file.name, file]))
        const place = placesOf(files, bundles, main)
        const codes = new Map<string, string>()
        for (const file of files.values()) codes.set(file.name, await asCommonJs(file, place, target))
        const others = outputFiles.filter(({ path }) => !files.has(basename(path)))
        const made = [...files.keys()]
          .filter((name) => !place.has(name))
          .map((name) => [name, codes.get(name) ?? ''] as const)
        const bundled = Object.keys(bundles).map((bundle) => [bundle, bundleOf(bundle, place, codes)] as const)
        const folder = outputFiles[0]?.path.slice(0, -basename(outputFiles[0].path).length) ?? ''
        result.outputFiles = [
          ...others,
          ...[...made, ...bundled].map(([name, text]) => outputFile(`${folder}${name}`, text)),
        ]
      })
    },
  }
}

function filesOf(outputFiles: readonly OutputFile[], metafile: Metafile): File[] {
  return outputFiles.flatMap(({ path, text }) => {
    const meta = metafile.outputs[relative(process.cwd(), path).replaceAll('\\', '/')]
    if (meta === undefined || !path.endsWith('.cjs')) return []
    const needs = meta.imports.flatMap(({ path: to, kind, external }) => {
      return kind === 'import-statement' && external !== true ? [basename(to)] : []
    })
    return [{ name: basename(path), text, entry: meta.entryPoint, needs }]
  })
}

/** Says in which bundle a file is put. */
function placesOf(
  files: ReadonlyMap<string, File>,
  bundles: Readonly<Record<string, readonly string[]>>,
  main: string,
): Map<string, string> {
  const place = new Map<string, string>()
  for (const [bundle, modules] of Object.entries(bundles)) {
    const put = (name: string): void => {
      const file = files.get(name)
      if (file === undefined || place.has(name)) return
      if (file.entry !== main) place.set(name, bundle)
      for (const needed of file.needs) put(needed)
    }
    for (const module of modules) {
      const file = [...files.values()].find(({ entry }) => entry === module)
      if (file === undefined) throw new Error(`${module} is no file of its own in the build`)
      put(file.name)
    }
  }
  return place
}

async function asCommonJs({ name, text }: File, place: ReadonlyMap<string, string>, target: string): Promise<string> {
  const [, start = '', body = ''] = /^(#!.*\n)?([^]*)$/.exec(text) ?? []
  // What the user has installed is still imported: it may be an ES module.
  const lazy = body.replace(/\bimport\((["']\.\/[\w-]+\.cjs["'])\)/g, 'Promise.resolve().then(()=>require($1))')
  const define = { 'import.meta.url': OWN_URL }
  const { code } = await transform(lazy, { format: 'cjs', platform: 'node', minify: true, target, define })
  const own = place.get(name)
  const placed = code.trim().replace(/\brequire\("\.\/([\w-]+\.cjs)"\)/g, (call, to: string) => {
    const bundle = place.get(to)
    if (bundle === undefined) return call
    return bundle === own ? `${PART}("${to}")` : `require("./${bundle}")("${to}")`
  })
  const url = body.includes('import.meta.url') ? `const ${OWN_URL}=require("url").pathToFileURL(__filename).href;` : ''
  return `${start}"use strict";${url}${placed}\n`
}

/** A function that gives the exports of a part, which is run when it is first asked for. */
function bundleOf(bundle: string, place: ReadonlyMap<string, string>, codes: ReadonlyMap<string, string>): string {
  const parts = [...codes].filter(([name]) => place.get(name) === bundle)
  const functions = parts.map(([name, code]) => `"${name}"(module,exports){${code}}`)
  return `"use strict";const parts={${functions.join(',')}},made={};function ${PART}(name){let part=made[name];if(part===undefined){part=made[name]={exports:{}};parts[name](part,part.exports)}return part.exports}module.exports=${PART};\n`
}

function outputFile(path: string, text: string): OutputFile {
  return { path, text, contents: Buffer.from(text), hash: '' }
}
