import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const ENTRY = new URL('../../dist/template.js', import.meta.url)

/** The packages and built-in modules that a built file imports, by way of other built files too. */
async function importsOf(file: URL, seen = new Set<string>(), found = new Set<string>()): Promise<Set<string>> {
  if (seen.has(file.href)) return found
  seen.add(file.href)
  const source = await readFile(file, 'utf8')
  for (const [, specifier = ''] of source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"'\n]+)["']/g)) {
    if (specifier.startsWith('.')) await importsOf(new URL(specifier, file), seen, found)
    else found.add(specifier)
  }
  return found
}

describe('latchkey/template, as it is built', () => {
  it('imports mustache and nothing else', async () => {
    expect([...(await importsOf(ENTRY))]).toEqual(['mustache'])
  })

  it('loads neither tinypool nor the ciphers nor zod when it runs', async () => {
    const hook = `import { register } from 'node:module'
      // Written at once: what this thread only logs is lost when the program ends before it.
      const source = 'import { writeSync } from "node:fs"; export async function resolve(specifier, context, next) {' +
        'const found = await next(specifier, context); writeSync(1, found.url + String.fromCharCode(10)); return found }'
      register('data:text/javascript,' + encodeURIComponent(source))`
    const program = `const { resolveTemplate } = await import(${JSON.stringify(ENTRY.href)})
      console.log(await resolveTemplate(['{{ SECRETS.a.B }}'], { SECRETS: { a: { B: 'filled in' } } }))`
    const { stdout } = await run(process.execPath, [
      '--import',
      `data:text/javascript,${encodeURIComponent(hook)}`,
      '--input-type=module',
      '--eval',
      program,
    ])
    expect(stdout).toContain('filled in')
    expect(stdout).toContain('/mustache/')
    expect(stdout).not.toMatch(/tinypool|noble|zod/)
  })

  it('keeps under 2 MB after 100,000 distinct templates', async () => {
    const program = `const { resolveTemplate } = await import(${JSON.stringify(ENTRY.href)})
      const fill = (i) => resolveTemplate(
        { text: 'some longer text ' + i + ' {{ SECRETS.name_' + i + '.A_LONG_KEY_NAME }} and more'.repeat(3) },
        { SECRETS: { ['name_' + i]: { A_LONG_KEY_NAME: 'v' } } },
      )
      const heap = () => { gc(); gc(); return process.memoryUsage().heapUsed }
      for (let i = 0; i < 2000; i++) await fill(i)
      const before = heap()
      for (let i = 2000; i < 102000; i++) await fill(i)
      console.log(heap() - before)`
    const { stdout } = await run(process.execPath, ['--expose-gc', '--input-type=module', '--eval', program])
    expect(Number(stdout)).toBeLessThan(2 * 1024 * 1024)
  })
})
