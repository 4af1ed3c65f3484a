import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import * as errors from '../../src/errors.ts'

const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8')

/** What the page documents: `Class CODE`, in its order, and the text under each. */
const documented = page.split(/^## /m).flatMap((part) => {
  const [title = '', ...codes] = part.split(/^### /m)
  const className = title.split('\n')[0] ?? ''
  return codes.map((code) => {
    const [heading = '', ...text] = code.split('\n')
    return { code: `${className} ${heading.replaceAll('`', '')}`, text: text.join('\n').trim() }
  })
})

const CLASSES = {
  MissingSecretsError: errors.MISSING_SECRETS_CODES,
  InputError: errors.INPUT_CODES,
  StoreError: errors.STORE_CODES,
  TemplateError: errors.TEMPLATE_CODES,
  WorkerError: errors.WORKER_CODES,
  RegistrationError: errors.REGISTRATION_CODES,
  TypeError: errors.ARGUMENT_CODES,
}
const existing = Object.entries(CLASSES).flatMap(([name, codes]) => codes.map((code) => `${name} ${code}`))

test('every code has one heading on the page, under its class, and every heading is a code', () => {
  expect(documented.map(({ code }) => code).sort()).toEqual(existing.sort())
})

test('the classes of this test are all that the module has lists of codes for', () => {
  const lists = Object.entries(errors).filter(([name]) => name.endsWith('_CODES'))
  expect(new Set(lists.map(([, codes]) => codes))).toEqual(new Set(Object.values(CLASSES)))
})

test.each(documented)('$code says what happened and what to do', ({ text }) => {
  expect(text.match(/[.:?](?=\s|$)/g)?.length ?? 0).toBeGreaterThanOrEqual(2)
  expect(text.length).toBeGreaterThan(60)
})

test('every class of the module has its part of the page', () => {
  const classes = Object.keys(errors).filter(
    (name) => name.endsWith('Error') && /^[A-Z]/.test(name) && name !== 'LatchkeyError',
  )
  for (const name of classes) expect(page).toContain(`\n## ${name}\n`)
})

test('links within the page lead to its headings', () => {
  const headings = new Set([...page.matchAll(/^#+ `?([\w ]+)`?$/gm)].map(([, title = '']) => title.toLowerCase()))
  for (const [, target = ''] of page.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(target)
})
