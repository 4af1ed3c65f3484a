/** What the package exports, as the compiler sees it: names, whether a type test speaks of each, and where `any` stands. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from './packed-package.ts'

/** One exported name. */
export interface Export {
  /** As a program imports it, e.g. `latchkey/stores/aws`. */
  readonly entry: string
  readonly name: string
}

/** The source of each subpath of the package. */
export type Entries = Readonly<Record<string, string>>

/** Reads the subpaths of package.json, each with its source by tsup.config.ts, but for what only a child imports. */
export function publicEntries(): Entries {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: object }
  const config = readFileSync(join(ROOT, 'tsup.config.ts'), 'utf8')
  const sources = new Map(
    [...config.matchAll(/^ {2}'?([\w/-]+)'?: '(src\/[\w/-]+\.ts)',$/gm)].map(([, a, b]) => [a, b]),
  )
  const entries = Object.keys(exports).flatMap((path) => {
    if (path === './package.json' || path === './worker-entry') return []
    const source = sources.get(path === '.' ? 'index' : path.slice(2))
    if (source === undefined) throw new Error(`tsup.config.ts has no source for ${path}`)
    return [[path.replace('.', 'latchkey'), join(ROOT, source)]]
  })
  return Object.fromEntries(entries) as Entries
}

/** A compiled set of entries. */
export interface PublicTypes {
  readonly exports: readonly Export[]
  /** Where `any` stands in what is exported: `latchkey createRegistry().call`. */
  readonly anys: readonly string[]
}

/** Compiles the sources of entries; what is declared outside of `folder` is not looked into. */
export function publicTypes(entries: Entries, folder = join(ROOT, 'src')): PublicTypes {
  const options = ts.getParsedCommandLineOfConfigFile(
    join(ROOT, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  )?.options
  const program = ts.createProgram(Object.values(entries), { ...options, noEmit: true })
  const checker = program.getTypeChecker()
  const found: Export[] = []
  const anys: string[] = []
  for (const [entry, path] of Object.entries(entries)) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(path)!)
    for (const exported of module === undefined ? [] : checker.getExportsOfModule(module)) {
      found.push({ entry, name: exported.name })
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const type =
        symbol.flags & ts.SymbolFlags.Value ? checker.getTypeOfSymbol(symbol) : checker.getDeclaredTypeOfSymbol(symbol)
      anys.push(...anysIn(checker, type, folder).map((place) => `${entry} ${exported.name}${place}`))
    }
  }
  return { exports: found, anys }
}

/** Walks everything that a type is made of, as far as sources of the package declare it. */
function anysIn(checker: ts.TypeChecker, root: ts.Type, folder: string): string[] {
  const found: string[] = []
  const seen = new Set<ts.Type>()
  const visit = (type: ts.Type | undefined, place: string): void => {
    if (type === undefined || seen.has(type)) return
    if (type.flags & ts.TypeFlags.Any) {
      found.push(place)
      return
    }
    seen.add(type)
    // By its own declaration, it is what every function's type extends.
    if (type.aliasSymbol?.name === 'AnyFunction') return
    if (type.flags & ts.TypeFlags.TypeParameter) {
      visit(type.getConstraint(), place)
      return
    }
    if (type.isUnionOrIntersection()) for (const part of type.types) visit(part, place)
    const symbol = type.aliasSymbol ?? type.getSymbol()
    const own = isReference(type) ? checker.getTypeArguments(type) : []
    // What else an iteration could give and take is any in the language's own declaration.
    const given = /^(Async)?(Iterable|Iterator|Generator)/.test(symbol?.name ?? '') ? own.slice(0, 1) : own
    for (const argument of [...(type.aliasTypeArguments ?? []), ...given]) visit(argument, `${place}<>`)
    if (symbol?.declarations?.every((at) => !at.getSourceFile().fileName.startsWith(folder)) === true) return
    for (const kind of [ts.SignatureKind.Call, ts.SignatureKind.Construct]) {
      for (const signature of checker.getSignaturesOfType(type, kind)) {
        for (const parameter of signature.parameters)
          visit(checker.getTypeOfSymbol(parameter), `${place}(${parameter.name})`)
        visit(signature.getReturnType(), `${place}()`)
      }
    }
    for (const property of checker.getPropertiesOfType(type)) {
      const [at] = property.declarations ?? []
      if (at?.getSourceFile().fileName.startsWith(folder) === false) continue
      visit(checker.getTypeOfSymbol(property), `${place}.${property.name}`)
    }
    for (const index of checker.getIndexInfosOfType(type)) visit(index.type, `${place}[]`)
  }
  visit(root, '')
  return found
}

function isReference(type: ts.Type): type is ts.TypeReference {
  return (
    (type.flags & ts.TypeFlags.Object) !== 0 && ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0
  )
}

/** Lists the names of entries that stand in an `expectTypeOf` of a program. */
export function spokenOf(text: string): Export[] {
  const file = ts.createSourceFile('test.ts', text, ts.ScriptTarget.ES2022, true)
  const names = new Map<string, Export>()
  const namespaces = new Map<string, string>()
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue
    const entry = statement.moduleSpecifier.text
    const bindings = statement.importClause?.namedBindings
    if (bindings === undefined) continue
    if (ts.isNamespaceImport(bindings)) namespaces.set(bindings.name.text, entry)
    else {
      for (const { name, propertyName } of bindings.elements) {
        names.set(name.text, { entry, name: (propertyName ?? name).text })
      }
    }
  }
  const spoken: Export[] = []
  const collect = (node: ts.Node): void => {
    const [left, right] = ts.isQualifiedName(node)
      ? [node.left, node.right]
      : ts.isPropertyAccessExpression(node)
        ? [node.expression, node.name]
        : []
    const entry = left !== undefined && ts.isIdentifier(left) ? namespaces.get(left.text) : undefined
    if (entry !== undefined && right !== undefined) spoken.push({ entry, name: right.text })
    if (ts.isIdentifier(node)) {
      const named = names.get(node.text)
      if (named !== undefined) spoken.push(named)
    }
    ts.forEachChild(node, collect)
  }
  const visit = (node: ts.Node): void => {
    // The whole statement: what is expected stands in the calls that are chained to it.
    if (ts.isExpressionStatement(node) && /^expectTypeOf[<(]/.test(node.expression.getText(file))) collect(node)
    else ts.forEachChild(node, visit)
  }
  visit(file)
  return spoken
}

/** Everything that the type tests of a folder speak of, as `entry name`. */
export function spokenOfIn(folder: string): ReadonlySet<string> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'))
  const spoken = files.flatMap((name) => spokenOf(readFileSync(join(folder, name), 'utf8')))
  return new Set(spoken.map(({ entry, name }) => `${entry} ${name}`))
}
