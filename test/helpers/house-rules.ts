/** The rules of the house: which part of src may import which, and which package belongs where. */
import { posix } from 'node:path'
import ts from 'typescript'

/** Source texts by path, relative to src, e.g. `stores/memory.ts`. */
export type Sources = Readonly<Record<string, string>>

/** From the ground up. What stands on one floor does not import its neighbours. */
const FLOORS = [
  ['errors'],
  ['secret'],
  ['store'],
  ['crypto', 'redact', 'schemas', 'template'],
  ['stores'],
  ['worker'],
  ['registry'],
  ['index', 'child', 'testing', 'cli'],
]
/** Files outside a folder that belong to one. */
const BELONGS_TO: Readonly<Record<string, string>> = { call: 'worker' }
/** The parts that may import a package. Each costs time and memory in every process that loads it. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  zod: ['registry', 'stores', 'cli'],
  '@noble/ciphers': ['crypto'],
  mustache: ['template'],
  tinypool: ['worker'],
  '@aws-sdk/client-secrets-manager': ['stores'],
}

interface Import {
  readonly from: string
  /** False for what the compiler erases. */
  readonly loads: boolean
}

/** Tells every breach of the rules, as a sentence that names the file. */
export function breaches(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([path, text]) => {
    const part = partOf(path)
    const floor = floorOf(part)
    const found = floor === -1 ? [`${path} stands on no floor`] : []
    const { imports, wildcards } = read(path, text)
    if (wildcards > 0) found.push(`${path} has export *`)
    for (const { from } of imports) {
      if (from.startsWith('.')) {
        const target = posix.normalize(posix.join(posix.dirname(path), from))
        const other = partOf(target)
        if (other !== part && floorOf(other) >= floor) found.push(`${path} imports ${target}, which is not below it`)
      } else {
        const owners = PACKAGES[packageOf(from)]
        if (owners && !owners.includes(part))
          found.push(`${path} imports ${from}, which belongs to ${owners.join(', ')}`)
      }
    }
    return found
  })
}

/** Lists the packages that are loaded with `entry`, by way of everything that it imports. */
export function loadedPackages(sources: Sources, entry: string): string[] {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (path: string): void => {
    const text = sources[path]
    if (seen.has(path) || text === undefined) return
    seen.add(path)
    for (const { from, loads } of read(path, text).imports) {
      if (!loads || from.startsWith('node:')) continue
      if (from.startsWith('.')) visit(posix.normalize(posix.join(posix.dirname(path), from)))
      else packages.add(packageOf(from))
    }
  }
  visit(entry)
  return [...packages].sort()
}

function partOf(path: string): string {
  const part = path.split('/')[0]?.replace(/\.ts$/, '') ?? ''
  return BELONGS_TO[part] ?? part
}

function floorOf(part: string): number {
  return FLOORS.findIndex((floor) => floor.includes(part))
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function read(path: string, text: string): { imports: Import[]; wildcards: number } {
  const imports: Import[] = []
  let wildcards = 0
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword)
    else if (ts.isExportDeclaration(node)) {
      if (node.exportClause === undefined || ts.isNamespaceExport(node.exportClause)) wildcards += 1
      add(node.moduleSpecifier, !node.isTypeOnly)
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, false)
    // A dynamic import is loaded when it is reached, if ever: it counts for the floors, not for what an entry loads.
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false)
    ts.forEachChild(node, visit)
  }
  const add = (specifier: ts.Node | undefined, loads: boolean): void => {
    if (specifier && ts.isStringLiteralLike(specifier)) imports.push({ from: specifier.text, loads })
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true))
  return { imports, wildcards }
}
