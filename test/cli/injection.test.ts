import { parse, parseAllDocuments } from 'yaml'
import { describe, expect, test } from 'vitest'
import { fillIn } from '../../src/cli/injection/fill.ts'
import type { Format } from '../../src/cli/injection/slot.ts'
import { memoryStore } from '../../src/stores/memory.ts'

/** Values that would change a file's structure, or be read as something else, if they were put in as they are. */
const HOSTILE: Readonly<Record<string, string>> = {
  COLON: 'a: b',
  QUOTES: `x","admin":true,"y":"' # no`,
  LINES: 'one\ntwo: 2\r\n- three\n',
  BLANKS: '  lead and trail  ',
  NUMBER: '012',
  YES: 'yes',
  EMPTY: '',
  BACKSLASH: 'C:\\n\\u0041',
  TAGS: '{{ SECRETS.db.COLON }}',
  ODD: '\u0085\u2028\u2029\ufeff\x7f\x01\t🔑',
  DOCUMENT: '---\n...\n&a *a !b | >',
}
const store = memoryStore({ db: { ...HOSTILE, PORT: '5432', HOST: 'db.example' } })

function inject(source: string, format: Format, options = {}): Promise<string> {
  return fillIn(source, format, store, options)
}

describe('JSON', () => {
  test.each(Object.entries(HOSTILE))('%s comes through as it is, and changes nothing beside it', async (key, value) => {
    const filled = await inject(
      `{ "a": "{{ SECRETS.db.${key} }}", "b": ["<{{ SECRETS.db.${key} }}>"], "c": 1 }`,
      'json',
    )
    expect(JSON.parse(filled)).toEqual({ a: value, b: [`<${value}>`], c: 1 })
  })

  test('numbers, blanks, escapes, doubled keys and the order of keys stay as they are written', async () => {
    const source =
      '\ufeff{\r\n\t"b" : 12345678901234567890.10,\n  "a":"\\u0041\\/",  "a": "{{ SECRETS.db.PORT }}" , "{}": {}\n}\n\n'
    expect(await inject(source, 'json')).toBe(source.replace('{{ SECRETS.db.PORT }}', '5432'))
  })

  test('every reference that leads nowhere is told at once, at its line and column', async () => {
    const source = '{\n  "x": "\\" {{ SECRETS.db.NO }} {{ SECRETS.gone.KEY }}"\n}'
    await expect(inject(source, 'json')).rejects.toMatchObject({
      code: 'KEY_NOT_FOUND',
      message: [
        '2 tags cannot be filled in:',
        'line 2, column 12: KEY_NOT_FOUND (SECRETS.db.NO): The secret has no such key: correct it, or add the key to the secret.',
        'line 2, column 32: SECRET_NOT_FOUND (SECRETS.gone.KEY): There is no such secret in this scope: correct the name or the scope, or create the secret.',
      ].join('\n  '),
    })
  })

  test('a string may be as long as a file, with escapes or without', async () => {
    for (const long of ['x'.repeat(9_000_000), '\\n'.repeat(9_000_000)]) {
      const filled = await inject(`["${long}", "{{ SECRETS.db.PORT }}"]`, 'json')
      expect(filled === `["${long}", "5432"]`).toBe(true)
    }
  })

  test('a tag in a key is refused', async () => {
    await expect(inject('{\n  "{{ SECRETS.db.PORT }}" : 1 }', 'json')).rejects.toMatchObject({
      code: 'SECRET_IN_KEY',
      message: 'line 2, column 4: SECRET_IN_KEY (SECRETS.db.PORT): A secret cannot be part of a key.',
    })
  })

  test('what is no JSON is told without its text', async () => {
    await expect(inject('{ "a": hunter2 }', 'json')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(inject('{ "a": hunter2 }', 'json')).rejects.not.toThrow(/hunter2/)
  })
})

describe('YAML', () => {
  test.each(Object.entries(HOSTILE))('%s comes through as it is, however the tag is written', async (key, value) => {
    const tag = `{{ SECRETS.db.${key} }}`
    const source = [
      `plain: <${tag}>`,
      `bare: ${tag} # kept`,
      `single: '${tag}'`,
      `double: "${tag}"`,
      `list: [ ${tag}, '${tag}' ]`,
      `literal: |-`,
      `  ${tag}`,
      `  end`,
      `folded: > # kept, too`,
      `  ${tag}`,
      `after: 1`,
      ``,
    ].join('\n')
    const filled = await inject(source, 'yaml')
    expect(parse(filled)).toEqual({
      plain: `<${value}>`,
      bare: value,
      single: value,
      double: value,
      list: [value, value],
      literal: `${value}\nend`,
      folded: `${value}\n`,
      after: 1,
    })
    expect(filled).toContain(' # kept\n')
    expect(filled).toContain(' # kept, too\n')
  })

  test('comments, blanks, anchors, tags, numbers and further documents stay as they are written', async () => {
    const source = [
      '# a comment with {{ SECRETS.gone.KEY }}',
      'mode: 010   # octal, once',
      '',
      'url:   http://{{ SECRETS.db.HOST }}:{{SECRETS.db.PORT}}/   # why',
      'base: &base !!str "{{ SECRETS.db.PORT }}"',
      'again: *base',
      'sub: !Sub "{{ SECRETS.db.PORT }}"',
      '---',
      '- {a: b,   c: "{{ SECRETS.db.PORT }}"}',
      '...',
      '',
    ].join('\r\n')
    const expected = source
      .replace('http://{{ SECRETS.db.HOST }}:{{SECRETS.db.PORT}}/', '"http://db.example:5432/"')
      .replaceAll('"{{ SECRETS.db.PORT }}"', '"5432"')
    const filled = await inject(source, 'yaml')
    expect(filled).toBe(expected)
    expect(parseAllDocuments(filled)[0]?.toJS()).toMatchObject({ base: '5432', again: '5432' })
  })

  test('an issue in a block of lines is told at the line of its tag', async () => {
    const source = 'a: |\n  {{ SECRETS.db.PORT }}\n  {{ SECRETS.db.NO }}\nb: {{ SECRETS.gone.KEY }}\n'
    await expect(inject(source, 'yaml')).rejects.toMatchObject({
      message: [
        '2 tags cannot be filled in:',
        'line 3, column 3: KEY_NOT_FOUND (SECRETS.db.NO): The secret has no such key: correct it, or add the key to the secret.',
        'line 4, column 4: SECRET_NOT_FOUND (SECRETS.gone.KEY): There is no such secret in this scope: correct the name or the scope, or create the secret.',
      ].join('\n  '),
    })
  })

  test('what is no YAML is told with its line, without its text, and with the commonest cause', async () => {
    await expect(inject('a: 1\nb: {{ SECRETS.db.PORT }}hunter2\n', 'yaml')).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(/^The input is not YAML at line 2, column \d+\.$/) as string,
      hint: expect.stringContaining('Put quotes around') as string,
    })
  })
})

describe('text', () => {
  test('values are put in as they are', async () => {
    expect(await inject('a={{ SECRETS.db.QUOTES }}\nb="{{SECRETS.db.PORT}}"\n', 'text')).toBe(
      `a=${HOSTILE['QUOTES']}\nb="5432"\n`,
    )
  })

  test('tags of other names are errors, unless they are to be kept', async () => {
    const source = 'image: {{ .Values.image }}:{{ SECRETS.db.PORT }}'
    await expect(inject(source, 'text')).rejects.toMatchObject({
      code: 'UNSUPPORTED_TAG',
      hint: expect.stringContaining('--keep-foreign') as string,
    })
    expect(await inject(source, 'text', { foreign: 'keep' })).toBe('image: {{ .Values.image }}:5432')
  })

  test('a store that fails is told by its own code', async () => {
    const broken = memoryStore()
    await broken.close()
    await expect(fillIn('{{ SECRETS.a.B }}', 'text', broken, {})).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
