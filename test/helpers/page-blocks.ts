/** The code blocks of the README and of the pages in docs, and what their marks say about them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from './packed-package.ts'

/** One fenced block of a page. */
export interface Block {
  /** The page's path in this repository. */
  readonly page: string
  /** The line of the page that its first line of code is. */
  readonly line: number
  readonly language: string
  /** What stands behind the language: `run`, or nothing. */
  readonly mark: string
  readonly text: string
  /** The file that it is, from a first line `// main.ts` or `# notes.env`. */
  readonly file: string | undefined
  /** What it takes as given, from a comment `<!-- given: … -->` right before it. Empty if there is none. */
  readonly given: string
}

/** The README, SECURITY.md, the page of the examples, and every page in docs. */
export const PAGES: readonly string[] = [
  'README.md',
  'SECURITY.md',
  'examples/README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path.replaceAll('\\', '/')}`)
    .sort(),
]

/** The fenced blocks of a page, in its order. */
export function blocksOf(page: string): Block[] {
  const source = readFileSync(join(ROOT, page), 'utf8')
  const fences = /(?:^<!-- given:\s([^]*?)\s-->\n)?^```([^\n`]*)\n([^]*?)^```$/gm
  return [...source.matchAll(fences)].map(({ index, 0: all, 1: given = '', 2: info = '', 3: text = '' }) => {
    const [language = '', ...marks] = info.trim().split(/ +/)
    const line = source.slice(0, index + all.length - text.length - '```'.length).split('\n').length
    const file = /^(?:\/\/|#) (\S+\.\w+)\n/.exec(text)?.[1]
    return { page, line, language, mark: marks.join(' '), text, given, file }
  })
}

/** The programs of a page, in its order. */
export function programsOf(page: string): string[] {
  return blocksOf(page).flatMap(({ language, text }) => (language === 'ts' ? [text] : []))
}

/** The programs of a page that are files, by the names in their first lines, without these lines. */
export function programFilesOf(page: string): Map<string, string> {
  const named = blocksOf(page).filter(({ language, file }) => language === 'ts' && file !== undefined)
  return new Map(named.map(({ file = '', text }) => [file, text.slice(text.indexOf('\n') + 1)]))
}

/** What the first block of a page shows that is the output of a program. */
export function outputOf(page: string): string | undefined {
  return blocksOf(page).find(({ language }) => language === 'text')?.text
}

/** The files that a page's programs find beside them and that it does not show: comments `<!-- file NAME: … -->`. */
export function hiddenFilesOf(page: string): [name: string, text: string][] {
  const source = readFileSync(join(ROOT, page), 'utf8')
  return [...source.matchAll(/^<!-- file (\S+):\n([^]*?)^-->$/gm)].map(([, name = '', text = '']) => [name, text])
}

/** What the compiler finds wrong in files, all of them one program. */
export function typeErrors(folder: string, files: readonly string[]): string[] {
  const program = ts.createProgram(
    files.map((file) => join(folder, file)),
    {
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
    },
  )
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const place =
      file === undefined
        ? ''
        : `${file.fileName.slice(folder.length + 1)}:${ts.getLineAndCharacterOfPosition(file, start).line + 1}`
    return `${place} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}
