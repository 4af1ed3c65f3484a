/**
 * Makes CommonJS of files that esbuild split, and puts those together that are needed together. Node starts CommonJS sooner than ES
 * modules, and each file that it has to look for, read and compile delays the start. esbuild can split ES modules only.
 */
import { basename, relative } from 'node:path'
import { Script } from 'node:vm'
import { build, type Metafile, type OutputFile, type Plugin } from 'esbuild'

/** One file as esbuild split it: an ES module. */
interface Part {
  readonly name: string
  readonly text: string
  /** The module that it was made for, if it is no shared part. */
  readonly entry: string | undefined
  /** The names of what it exports. */
  readonly exports: readonly string[]
  /** The files that it needs to be loaded at all. */
  readonly needs: readonly string[]
}

/** The parts by their names, and in which file each is put. */
interface Plan {
  readonly parts: ReadonlyMap<string, Part>
  readonly place: ReadonlyMap<string, string>
}

/** What stands for `import.meta.url`, which CommonJS does not have. */
const OWN_URL = 'ownUrl'
/** What stands for `require` in what esbuild takes for an ES module. */
const OWN_REQUIRE = 'ownRequire'
const LOADING = /\bimport\((["'])\.\/([\w-]+\.cjs)\1\)/g
const IMPORT = /\bimport\s*(?:(?:\*\s*as )?([\w$]+) from\s*|\{([^}]*)\}\s*from\s*)?"([^"]+)";/g

/**
 * Makes the plugin.
 *
 * @param bundles - names of files to make, with the modules that go into each, with all that these need. What is in an earlier one
 * is not put into a later one. A file that stands in none is made by itself.
 */
export function commonJs(bundles: Readonly<Record<string, readonly string[]>>, target: string): Plugin {
  return {
    name: 'commonjs',
    setup(setup) {
      setup.initialOptions.metafile = true
      setup.onEnd(async (result) => {
        const { outputFiles = [], metafile } = result
        if (metafile === undefined) return
        const parts = new Map(partsOf(outputFiles, metafile).map((part) => [part.name, part]))
        const plan = { parts, place: placesOf(parts, bundles) }
        const others = outputFiles.filter(({ path }) => !parts.has(basename(path)))
        const folder = outputFiles[0]?.path.slice(0, -basename(outputFiles[0].path).length) ?? ''
        const made = [...new Set(plan.place.values())].map(async (name) => {
          return outputFile(`${folder}${name}`, await asCommonJs(name, plan, target))
        })
        result.outputFiles = [...others, ...(await Promise.all(made))]
      })
    },
  }
}

function partsOf(outputFiles: readonly OutputFile[], metafile: Metafile): Part[] {
  return outputFiles.flatMap(({ path, text }) => {
    const meta = metafile.outputs[relative(process.cwd(), path).replaceAll('\\', '/')]
    if (meta === undefined || !path.endsWith('.cjs')) return []
    const needs = meta.imports.flatMap(({ path: to, kind, external }) => {
      return kind === 'import-statement' && external !== true ? [basename(to)] : []
    })
    return [{ name: basename(path), text, entry: meta.entryPoint, exports: meta.exports, needs }]
  })
}

/** Says in which file each part is put. */
function placesOf(
  parts: ReadonlyMap<string, Part>,
  bundles: Readonly<Record<string, readonly string[]>>,
): Map<string, string> {
  const place = new Map<string, string>()
  for (const [bundle, modules] of Object.entries(bundles)) {
    const put = (name: string): void => {
      const part = parts.get(name)
      if (part === undefined || place.has(name)) return
      place.set(name, bundle)
      for (const needed of part.needs) put(needed)
    }
    for (const module of modules) {
      const part = [...parts.values()].find(({ entry }) => entry === module)
      if (part === undefined) throw new Error(`${module} is no file of its own in the build`)
      put(part.name)
    }
  }
  for (const name of parts.keys()) if (!place.has(name)) place.set(name, name)
  return place
}

/** Makes one file of its parts, all in one scope. */
async function asCommonJs(file: string, plan: Plan, target: string): Promise<string> {
  const own = [...plan.parts.values()].filter(({ name }) => plan.place.get(name) === file)
  const { outputFiles } = await build({
    stdin: { contents: own.map(published).join('\n'), resolveDir: process.cwd() },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    minify: true,
    target,
    define: { 'import.meta.url': OWN_URL },
    plugins: [linking(file, plan)],
  })
  const text = outputFiles[0]?.text.replaceAll(`${OWN_REQUIRE}(`, 'require(') ?? ''
  const url = text.includes(OWN_URL) ? `const ${OWN_URL}=require("url").pathToFileURL(__filename).href;` : ''
  const code = `"use strict";${url}${asRequired(text)}`
  // Throws for an import or export that is still there.
  new Script(code, { filename: file })
  const [start = ''] = own.flatMap((part) => /^#!.*\n/.exec(part.text) ?? [])
  return start + code
}

/** What a file exports of a part. A part without exports is there for what it does. */
function published(part: Part): string {
  if (part.exports.length === 0) return `import "./${part.name}"`
  return `export { ${part.exports.map((one) => `${one} as ${publicName(part, one)}`).join(', ')} } from "./${part.name}"`
}

/** What is loaded when it is asked for has its own names; those of shared parts are not unlike each other. */
function publicName({ name, entry }: Part, one: string): string {
  return entry === undefined ? localName(name, one) : one
}

function localName(name: string, one: string): string {
  return `${name.replace(/\.cjs$/, '').replaceAll(/\W/g, '_')}_${one}`
}

/** Finds what one file consists of, and what it takes from others. */
function linking(file: string, { parts, place }: Plan): Plugin {
  return {
    name: 'linking',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, namespace }) => {
        const part = parts.get(path.slice(2))
        if (part === undefined || namespace === 'other') return { path, external: true }
        return { path: part.name, namespace: place.get(part.name) === file ? 'own' : 'other' }
      })
      onLoad({ filter: /./, namespace: 'own' }, ({ path }) => ({
        // By its name, a module that exports nothing would be taken for CommonJS.
        contents: `${withoutLoading(parts.get(path)?.text ?? '', file, { parts, place })}\nexport {}`,
        resolveDir: process.cwd(),
      }))
      onLoad({ filter: /./, namespace: 'other' }, ({ path }) => {
        const part = parts.get(path)
        const names = part?.exports.map((one) => `${publicName(part, one)} as ${one}`) ?? []
        return { contents: `export { ${names.join(', ')} } from "./${place.get(path) ?? path}"` }
      })
    },
  }
}

/** Takes the place of `import()`, but for what the user has installed: it may be an ES module. */
function withoutLoading(text: string, file: string, { parts, place }: Plan): string {
  const here = new Set<string>()
  const lazy = text.replace(LOADING, (_, __, name: string) => {
    const to = place.get(name) ?? name
    if (to !== file) return `Promise.resolve().then(()=>${OWN_REQUIRE}("./${to}"))`
    const exports = parts.get(name)?.exports ?? []
    here.add(`import{${exports.map((one) => `${one} as ${localName(name, one)}`).join()}}from"./${name}";`)
    return `Promise.resolve({${exports.map((one) => `${one}:${localName(name, one)}`).join()}})`
  })
  return [...here].join('') + lazy
}

/**
 * Turns the statements by which esbuild imports and exports. What is imported is taken once: of modules of Node and of files that are
 * loaded whole, nothing changes later.
 */
function asRequired(text: string): string {
  const imported = text.replace(IMPORT, (_, one: string | undefined, names: string | undefined, from: string) => {
    const required = `require("${from}");`
    if (names !== undefined) return `const{${names.replaceAll(' as ', ':')}}=${required}`
    // The default of a module of Node is the module.
    return one === undefined ? required : `const ${one}=${required}`
  })
  return imported.replace(/\bexport\s*\{([^}]*)\};/, (_, names: string) => {
    const published = names.split(',').map((name) => name.trim().split(' as ').reverse().join(':'))
    return `module.exports={${published.join()}};\n`
  })
}

function outputFile(path: string, text: string): OutputFile {
  return { path, text, contents: Buffer.from(text), hash: '' }
}
