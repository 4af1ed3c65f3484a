import { spawnSync } from 'node:child_process'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createRedactor, MASK, type Redactor, WITHHELD } from '../../src/redact/index.ts'
import { formsOf } from '../../src/redact/forms.ts'
import { buildMatcher } from '../../src/redact/matcher.ts'
import { holdsKnown, maskingBuffer } from '../../src/redact/redactor.ts'
import { isWholeToken } from '../../src/redact/token.ts'
import { fc } from '../helpers/property.ts'
import { WAIT_LIMIT_MS } from '../helpers/limits.ts'
import { ENCODERS, numRuns, secretValue, someText } from './oracle.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** A text redacted as such, and as bytes. */
function inBoth(redactor: Redactor, text: string): readonly string[] {
  const buffer = maskingBuffer(redactor, 'bytes')
  const bytes = buffer.push(Buffer.from(text).toString('latin1')) + buffer.end()
  return [redactor.redact(text), Buffer.from(bytes, 'latin1').toString()]
}

describe('the length of a value', () => {
  test.each(['', '1', 'US', 'abc', '***', '443'])('under 4 characters, it is never masked: %j', (value) => {
    const text = `${value} [${value}] USA ${Buffer.from(value).toString('base64')} ${Buffer.from(value).toString('hex')}`
    expect(createRedactor([value]).redact(text)).toBe(text)
  })

  test.each(['true', '8080', 'prod1', 'a-b/'])('of 4 and 5, it is masked as a whole token only: %j', (value) => {
    const redactor = createRedactor([value])
    for (const free of [
      value,
      ` ${value} `,
      `"${value}"`,
      `x=${value};`,
      `(${value})`,
      `${value}\n`,
      `*${value}*`,
      `**${value}**`,
      `@${value}[`,
      `\`${value}{`,
      `/${value}:`,
      `€${value}“`,
      `${value}€`,
      `\u0080${value}\u0080`,
    ]) {
      expect(inBoth(redactor, free)).toEqual(Array(2).fill(free.replace(value, MASK)))
    }
    for (const joined of [
      `x${value}`,
      `${value}x`,
      `7${value}7`,
      `_${value}`,
      `${value}_`,
      `é${value}`,
      `${value}漢`,
      `***${value}`,
      `${value}***`,
      ...Array.from('AZaz09').flatMap((letter) => [letter + value, value + letter]),
      ...['𐀀', 'À', 'e\u0301', '٣'].flatMap((letter) => [letter + value, value + letter]),
    ]) {
      expect(inBoth(redactor, joined)).toEqual([joined, joined])
    }
  })

  test('of 4 and 5, an escape sequence or a colour before it does not make it part of a word', () => {
    const redactor = createRedactor(['abcd'])
    const escapes = ['\\n', '\\r', '\\t', '\\f', '\\b', '\\v', '\\u00Ef', '\\x1F', '%20', '%aF']
    const colours = ['\x1b', '\\u001b', '\\u001B', '\\x1b', '\\x1B', '\\e', '\\033'].flatMap((begin) =>
      ['[m', '[31m', '[0;1m', '[38:5:9K', '[?25h', '[2J'].map((end) => begin + end),
    )
    for (const before of [...escapes, ...colours]) {
      for (const text of ['x', `${'. '.repeat(20)}x`]) {
        expect(redactor.redact(`${text}${before}abcd.`)).toBe(`${text}${before}***.`)
      }
    }
    const others = [
      'n',
      '\\q',
      'u001b',
      '\\u00e',
      '\\x1',
      '%2',
      '%g0',
      '[31m',
      '\x1b31m',
      '\\033',
      '\x1b[3/1m',
      '\\e[0',
    ]
    for (const before of others) {
      expect(redactor.redact(`x${before}abcd.`)).toBe(`x${before}abcd.`)
    }
  })

  test('of 4 and 5, its encodings are masked as a whole token too', () => {
    const redactor = createRedactor(['p/w1'])
    expect(redactor.redact('a=cC93MQ== b=cC93MQ c=702f7731 d=p%2Fw1')).toBe('a=*** b=*** c=*** d=***')
    expect(redactor.redact('xcC93MQ a702f7731')).toBe('xcC93MQ a702f7731')
    expect(createRedactor(['??>>']).redact('a=Pz8+Pg== b=Pz8+Pg, c=Pz8%2BPg%3D%3D d=Pz8-Pg')).toBe(
      'a=*** b=***, c=*** d=***',
    )
  })

  test('from 6 on, it is masked anywhere', () => {
    expect(createRedactor(['abcdef']).redact('xabcdefx_abcdef')).toBe('x***x_***')
  })
})

describe('several values', () => {
  test('of two that overlap, nothing is left', () => {
    expect(createRedactor(['abcdefgh', 'efghijkl']).redact('x abcdefghijkl y')).toBe('x *** y')
  })

  test('of one that is part of another, the longer is masked as a whole', () => {
    for (const values of [
      ['secret-1', 'secret-1-and-more'],
      ['secret-1-and-more', 'secret-1'],
      ['more', 'secret-1-and-more'],
    ]) {
      expect(createRedactor(values).redact('x secret-1-and-more y')).toBe('x *** y')
    }
  })

  test('of one that ends as a part of it does, the longer is masked as a whole, whichever is come upon first', () => {
    // The rarest characters of the longer one are its last: the shorter one is found before.
    for (const values of [
      ['aabbQQ', 'zzaabbQQQQ'],
      ['zzaabbQQQQ', 'aabbQQ'],
    ]) {
      expect(createRedactor(values).redact('x zzaabbQQQQ y')).toBe('x *** y')
    }
  })

  test('of two that overlap, of which one goes on in the next line, nothing is left', () => {
    const redactor = createRedactor(['abcdefghijkl', 'ijklmnopqrstuvwx'])
    expect(redactor.redact('x abcdefghijklmnop\nqrstuvwx y')).toBe('x ***\n*** y')
  })

  test('side by side they are masked as one, so that their number does not show', () => {
    expect(createRedactor(['first-value', 'other-value']).redact('[first-valueother-valuefirst-value]')).toBe('[***]')
    const redactor = createRedactor(['first-value-1', 'other-value-2'])
    expect(redactor.redact('[first-value-1o\nt\nher-value-2]')).toBe('[***\n***\n***]')
  })

  test('a form of one that is a token of another is masked anywhere', () => {
    const other = Buffer.from('61626364', 'hex').toString()
    for (const values of [
      [other, '61626364'],
      ['61626364', other],
    ]) {
      expect(createRedactor(values).redact('x61626364x')).toBe('x***x')
    }
    expect(createRedactor(['abcd', ' abcd ']).redact('xabcd abcd')).toBe('xabcd ***')
  })

  test('a form of one that is base64 of another is masked with what stands next to it', () => {
    const value = 'hunter2-hunter2'
    const own = Buffer.from(`:${value}`).toString('base64').slice(2, -3)
    for (const values of [
      [value, own],
      [own, value],
    ]) {
      expect(createRedactor(values).redact(`.x${own}x.`)).toBe('.***.')
    }
    expect(createRedactor([own]).redact(`.x${own}x.`)).toBe('.x***x.')
  })

  test('hundreds with a common prefix are each found', () => {
    const values = Array.from({ length: 300 }, (_, index) => `https://hooks.example.com/services/${index}/tail`)
    const redactor = createRedactor(values)
    for (const value of values) expect(redactor.redact(`a ${value} b`)).toBe('a *** b')
    expect(redactor.redact('a https://hooks.example.com/services/x/tail b')).toBe(
      'a https://hooks.example.com/services/x/tail b',
    )
  })
})

test('replacement patterns and regular-expression characters in values and texts are just text', () => {
  const redactor = createRedactor(['$&$1$`$$', '.*.*.*.*', '(a+)+$[', '\\d{1,9}'])
  expect(redactor.redact("$& abcdefgh $&$1$`$$ $' .*.*.*.* (a+)+$[ aaaa 123 \\d{1,9}")).toBe(
    "$& abcdefgh *** $' *** *** aaaa 123 ***",
  )
})

describe('redacting twice', () => {
  const values = fc.array(
    fc.oneof(secretValue, fc.string({ unit: fc.constantFrom(...Array.from('ab*!')), minLength: 3, maxLength: 8 })),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  test('changes nothing, for any values and texts', () => {
    fc.assert(
      fc.property(
        values,
        fc.array(fc.oneof(fc.nat(3), someText, fc.string({ unit: fc.constantFrom(...Array.from('ab*! ')) })), {
          maxLength: 12,
        }),
        (known, parts) => {
          const text = parts
            .map((part) => (typeof part === 'number' ? (known[part % known.length] ?? '') : part))
            .join('')
          const redactor = createRedactor(known)
          const once = redactor.redact(text)
          expect(redactor.redact(once)).toBe(once)
        },
      ),
      { numRuns },
    )
  })

  test.each([
    ['******', 'a****** b***c******'],
    ['x***yz', 'x+secret-1+yz xsecret-1yz'],
    ['***abc', 'secret-1abc'],
    ['abcd', 'secret-1abcd secret-1 abcd'],
    ['*****', '***** secret-1*****'],
    ['**-tail', 'secret-1-tail'],
  ])('changes nothing where a value holds the mask: %j', (value, text) => {
    const redactor = createRedactor([value, 'secret-1'])
    const once = redactor.redact(text)
    expect(once).not.toContain('secret-1')
    expect(redactor.redact(once)).toBe(once)
  })
})

test('the matcher finds what a search for each form alone finds', () => {
  const value = fc.string({ unit: fc.constantFrom(...Array.from('abAB01+/=% é')), minLength: 4, maxLength: 10 })
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 5 }),
      fc.array(fc.oneof(fc.nat(), value), { maxLength: 20 }),
      (values, parts) => {
        const encoders = Object.values(ENCODERS)
        const text = parts
          .map((part) =>
            typeof part === 'string'
              ? part
              : (encoders[part % encoders.length]?.(values[part % values.length] ?? '') ?? ''),
          )
          .join('')
        const forms = values.flatMap(formsOf)
        const masked = new Set<number>()
        for (const form of forms) {
          for (let at = text.indexOf(form.text); at >= 0; at = text.indexOf(form.text, at + 1)) {
            const end = at + form.text.length
            if (form.whole && !isWholeToken(text, at, end, false)) continue
            for (let index = at; index < end; index++) masked.add(index)
            if (form.before && /[\w+/-]/.test(text[at - 1] ?? '')) masked.add(at - 1)
            if (form.after) {
              const after = /^[\w+/-]?={0,2}/.exec(text.slice(end))?.[0].length ?? 0
              for (let index = end; index < end + after; index++) masked.add(index)
            }
          }
        }
        const spans = buildMatcher(forms, false).find(text)
        const found = new Set<number>()
        for (let span = 0; span < spans.length; span += 2) {
          for (let index = spans[span] ?? 0; index < (spans[span + 1] ?? 0); index++) found.add(index)
        }
        expect([...found].sort((a, b) => a - b)).toEqual([...masked].sort((a, b) => a - b))
      },
    ),
    { numRuns },
  )
})

describe('adding and forgetting', () => {
  test('a value added later is masked from then on', () => {
    const redactor = createRedactor()
    expect(redactor.redact('secret-1')).toBe('secret-1')
    redactor.add(new Set(['secret-1']))
    expect(redactor.redact('secret-1')).toBe(MASK)
  })

  test('a single string is one value, not its characters', () => {
    const redactor = createRedactor('secret-1')
    redactor.add('secret-2')
    expect(redactor.redact('secret-1, secret-2')).toBe('***, ***')
  })

  test('a forgotten value stays masked until its time is over', () => {
    vi.useFakeTimers()
    const redactor = createRedactor(['secret-1', 'secret-2'])
    redactor.forget(['secret-1', 'unknown-value'], 1000)
    vi.advanceTimersByTime(999)
    expect(redactor.redact('secret-1 secret-2')).toBe('*** ***')
    vi.advanceTimersByTime(1)
    expect(redactor.redact('secret-1 secret-2')).toBe('secret-1 ***')
  })

  test('a value that is added again is not forgotten; one that is forgotten again starts anew', () => {
    vi.useFakeTimers()
    const redactor = createRedactor(['secret-1', 'secret-2'])
    redactor.forget(['secret-1', 'secret-2'], 1000)
    redactor.add(['secret-1'])
    vi.advanceTimersByTime(600)
    redactor.forget(['secret-2'], 1000)
    vi.advanceTimersByTime(600)
    expect(redactor.redact('secret-1 secret-2')).toBe('*** ***')
    vi.advanceTimersByTime(400)
    expect(redactor.redact('secret-1 secret-2')).toBe('*** secret-2')
  })

  test('after 0 milliseconds means at once', () => {
    const redactor = createRedactor(['secret-1'])
    redactor.forget(['secret-1'], 0)
    expect(redactor.redact('secret-1')).toBe('secret-1')
  })

  test.each([-1, NaN, Infinity, 2 ** 31, '5'])('a time that a timer cannot keep is refused: %s', (afterMs) => {
    const redactor = createRedactor(['secret-1'])
    expect(() => {
      redactor.forget(['secret-1'], afterMs as number)
    }).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'INVALID_OPTION',
        message: expect.stringContaining('milliseconds from 0 to 2147483647') as unknown,
      }),
    )
    expect(redactor.redact('secret-1')).toBe(MASK)
  })

  test('the longest time that a timer can keep is kept', () => {
    vi.useFakeTimers()
    const redactor = createRedactor(['secret-1'])
    redactor.forget(['secret-1'], 2 ** 31 - 1)
    vi.advanceTimersByTime(2 ** 31 - 2)
    expect(redactor.redact('secret-1')).toBe(MASK)
    vi.advanceTimersByTime(1)
    expect(redactor.redact('secret-1')).toBe('secret-1')
  })

  test('a timer keeps no process alive', () => {
    const url = new URL('../../src/redact/index.ts', import.meta.url).href
    const code = `import { createRedactor } from ${JSON.stringify(url)}; createRedactor(['secret-1']).forget(['secret-1'], 600_000)`
    const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
      timeout: WAIT_LIMIT_MS,
    })
    expect([child.status, child.signal]).toEqual([0, null])
  })
})

test('values and texts of one repeated character cost no more than their length', () => {
  const values = Array.from({ length: 40 }, (_, index) => `k${' '.repeat(5000 + index)}`)
  const redactor = createRedactor([...values, 'a'.repeat(200)])
  const cost = (length: number): number => {
    const text = `<${' '.repeat(length)}${'a'.repeat(10 * length)}>`
    // Of this process alone: others may keep it waiting.
    const started = process.cpuUsage()
    expect(redactor.redact(text)).toMatch(/^<\*{3}>$/)
    return process.cpuUsage(started).user
  }
  // Sixteen times the text: 16 x if in proportion, 256 x if by the square. What is between is for a machine that changes its speed.
  expect(cost(96_000)).toBeLessThan(100 * cost(6_000))
})

test('a value that would be masked is told from one that would not', () => {
  const redactor = createRedactor(['secret-1', '12345678'])
  const bytes = (text: string) => new Uint8Array(Buffer.from(text))
  const holding = [
    'secret-1',
    { 'secret-1': 1 },
    [12345678],
    new Error('secret-1'),
    new Map([[{}, bytes('a secret-1')]]),
  ]
  const harmless = [
    'secret',
    { key: 1 },
    [NaN, undefined],
    new Date(NaN),
    new Error('m'),
    new Map([[{}, bytes('b')]]),
    WITHHELD,
  ]
  expect(holding.filter((value) => !holdsKnown(redactor, value))).toEqual([])
  expect(harmless.filter((value) => holdsKnown(redactor, value))).toEqual([])
  expect(holdsKnown({ ...redactor }, 'of a redactor that is not the library’s')).toBe(true)
})

describe('failing closed', () => {
  test('a text that cannot be redacted is withheld', () => {
    const redactor = createRedactor(['secret-1'])
    vi.spyOn(JSON, 'stringify').mockImplementation(() => {
      throw new Error('out of memory near secret-1')
    })
    expect(redactor.redact('secret-1')).toBe('[withheld: redaction failed]')
    expect(redactor.redactValue({ a: 'secret-1' })).toBe(WITHHELD)
    expect(holdsKnown(redactor, { a: 'anything' })).toBe(true)
    const error = redactor.redactError(new TypeError('secret-1'))
    expect(error).toBeInstanceOf(Error)
    expect([error.message, error.stack]).toEqual([WITHHELD, `Error: ${WITHHELD}`])
    expect(inspect(error, { showHidden: true })).not.toContain('secret-1')
    vi.restoreAllMocks()
    expect(redactor.redact('secret-1')).toBe(MASK)
  })

  test('a wrong argument is refused without quoting it', () => {
    const redactor = createRedactor()
    expect(() => redactor.redact(123456 as never)).toThrow(/takes a string/)
    expect(() => createRedactor([123456 as never])).toThrow(/values to mask must be strings/)
    for (const wrong of [
      () => redactor.redact(123456 as never),
      () => createRedactor([123456 as never]),
      () => {
        redactor.add(['a', null as never])
      },
      () => createRedactor(123456 as never),
      () => createRedactor({ TOKEN: '123456' } as never),
      () => {
        redactor.add(null as never)
      },
      () => {
        redactor.forget([123456] as never, 1)
      },
      () => {
        redactor.forget(['a'], '123456' as never)
      },
    ]) {
      expect(wrong).toThrow(expect.objectContaining({ name: 'TypeError', code: 'INVALID_OPTION' }))
      expect(wrong).not.toThrow(/123456/)
    }
  })
})

test('the example of createRedactor', () => {
  const redactor = createRedactor(['ghp_0123456789abcdef'])
  expect(redactor.redact('Authorization: token ghp_0123456789abcdef')).toBe('Authorization: token ***')
})

test('the examples of the docs', () => {
  const redactor = createRedactor(['ghp_16C7e42F292c6912E7710c838347Ae178B4a'])
  const basic = 'Basic bWU6Z2hwXzE2QzdlNDJGMjkyYzY5MTJFNzcxMGM4MzgzNDdBZTE3OEI0YQ=='
  expect(redactor.redact('GET /user?token=ghp_16C7e42F292c6912E7710c838347Ae178B4a')).toBe('GET /user?token=***')
  expect(redactor.redact(basic)).toBe('Basic bWU6***')
})

test('a redactor shows no value of its own', () => {
  const redactor = createRedactor(['secret-1'])
  redactor.redact('secret-1')
  const shown = inspect([redactor, redactor.stream(), redactor.webStream()], {
    showHidden: true,
    depth: 20,
    getters: true,
  })
  expect(shown + JSON.stringify(redactor)).not.toContain('secret-1')
})

test('a redactor without values passes everything', () => {
  expect(createRedactor().redact('anything *** at all')).toBe('anything *** at all')
})

test('the same string comes back where nothing is masked', () => {
  fc.assert(
    fc.property(someText, (text) => createRedactor(['no-such-value']).redact(text) === text),
    { numRuns: 100 },
  )
})
