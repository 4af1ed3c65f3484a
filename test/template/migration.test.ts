import { describe, expect, it } from 'vitest'
import { literal, migrateTemplate, resolveTemplate } from '../../src/template/index.ts'

const KEYS: Record<string, string[]> = { dd: ['API_KEY'], gh: ['TOKEN', 'USER'], none: [] }
const describeKeys = (name: string): { keys: string[] } | undefined => {
  const keys = KEYS[name]
  return keys === undefined ? undefined : { keys }
}

describe('migrating a template', () => {
  it('names the key of flat references, and writes tags without a dollar', async () => {
    const when = new Date(0)
    const data = literal('{{ SECRETS.dd }}')
    const template = {
      a: 'Bearer {{ SECRETS.dd }}',
      b: ['${{ SECRETS.gh.TOKEN }} {{{SECRETS.dd}}}'],
      c: '{{ user.x }} ${{ y }}',
      when,
      data,
    }
    const before = structuredClone({ ...template, data: null })
    const { json, changes, issues } = await migrateTemplate(template, { describe: describeKeys })
    expect(json).toEqual({
      a: 'Bearer {{ SECRETS.dd.API_KEY }}',
      b: ['{{ SECRETS.gh.TOKEN }} {{{SECRETS.dd.API_KEY}}}'],
      c: '{{ user.x }} ${{ y }}',
      when,
      data,
    })
    expect(json.data).toBe(data)
    expect({ ...template, data: null }).toEqual(before)
    expect(issues).toEqual([])
    expect(changes).toEqual([
      { pointer: '/a', start: 7, end: 23, before: '{{ SECRETS.dd }}', after: '{{ SECRETS.dd.API_KEY }}' },
      { pointer: '/b/0', start: 0, end: 23, before: '${{ SECRETS.gh.TOKEN }}', after: '{{ SECRETS.gh.TOKEN }}' },
      { pointer: '/b/0', start: 24, end: 40, before: '{{{SECRETS.dd}}}', after: '{{{SECRETS.dd.API_KEY}}}' },
    ])
  })

  it('writes every tag with a dollar, if asked to', async () => {
    const template = { "{{ '{{' }}": '{{! c }}{{ SECRETS.dd }} {{ "$" }} ${{ SECRETS.gh.USER }}' }
    const { json, changes } = await migrateTemplate(template, { describe: describeKeys, to: 'dollar' })
    expect(json).toEqual({ "${{ '{{' }}": '${{! c }}${{ SECRETS.dd.API_KEY }} ${{ "$" }} ${{ SECRETS.gh.USER }}' })
    expect(changes.map(({ inKey, before }) => [inKey, before])).toEqual([
      [true, "{{ '{{' }}"],
      [undefined, '{{! c }}'],
      [undefined, '{{ SECRETS.dd }}'],
      [undefined, '{{ "$" }}'],
    ])
    const contexts = { SECRETS: { dd: { API_KEY: 'k' }, gh: { USER: 'u' } } }
    const after = await resolveTemplate(json, contexts, { syntax: 'dollar' })
    expect(after).toEqual(await resolveTemplate(template, contexts, { syntax: 'both' }))
  })

  it('leaves what is not certain as it is, and says so', async () => {
    const template = [
      '{{ SECRETS.gh }}',
      '{{ SECRETS.nope }}',
      '{{ SECRETS.none }}',
      '{{ SECRETS.a b }} ${{ SECRETS.dd }}',
      '{{ SECRETS.2x }}',
    ]
    const { json, issues } = await migrateTemplate(template, { describe: describeKeys })
    expect(json).toEqual([...template.slice(0, 3), '{{ SECRETS.a b }} {{ SECRETS.dd.API_KEY }}', '{{ SECRETS.2x }}'])
    expect(issues.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      'BAD_REFERENCE /3',
      'FLAT_AMBIGUOUS /0',
      'SECRET_NOT_FOUND /1',
      'KEY_NOT_FOUND /2',
      'SECRET_NOT_FOUND /4',
    ])
  })

  it('keeps a sign that stood before a tag with a dollar', async () => {
    const { json } = await migrateTemplate('costs $${{ SECRETS.dd.API_KEY }}', { describe: describeKeys })
    expect(json).toBe("costs {{ '$' }}{{ SECRETS.dd.API_KEY }}")
    expect(await resolveTemplate(json, { SECRETS: { dd: { API_KEY: '5' } } })).toBe('costs $5')
  })

  it('does not rewrite a key into one that is there', async () => {
    const template = { "${{ '$' }}": 1, "{{ '$' }}": 2 }
    const { json, issues } = await migrateTemplate(template, { describe: describeKeys })
    expect(json).toEqual(template)
    expect(issues).toMatchObject([{ code: 'KEY_COLLISION', inKey: true }])
  })

  it('finds nothing to do in what it wrote', async () => {
    const template = { a: '${{ SECRETS.dd }} {{! c }}', b: [1, null, '{{ x }}'] }
    const { json } = await migrateTemplate(template, { describe: (name) => Promise.resolve(describeKeys(name)) })
    expect(await migrateTemplate(json, { describe: describeKeys })).toEqual({ json, changes: [], issues: [] })
  })
})
