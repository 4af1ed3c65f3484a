import { Readable, Writable } from 'node:stream'
import { buffer, text as textOf } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test, vi } from 'vitest'
import { createRedactor, WITHHELD } from '../../src/redact/index.ts'
import { maskingBuffer } from '../../src/redact/redactor.ts'
import { fc } from '../helpers/property.ts'
import { ENCODERS, numRuns, secretValue, someText, throughStream } from './oracle.ts'

const VALUE = 'pä55wörd/with+€ and % 漢字'
const VALUES = [VALUE, 'abcd', 'ghp_16C7e42F292c6912E7710c838347Ae178B4a', 'line one\nx\nline three']
const TEXT = [
  `a ${VALUE} b`,
  ...Object.values(ENCODERS).map((encode) => `<${encode(VALUE)}>`),
  `Basic ${Buffer.from(`me:${VALUE}!`).toString('base64')}`,
  'abcd xabcd \x1b[31mabcd\x1b[0m abcd*** ***abcd é',
  'éabcd abcdé “abcd” abcd𐀀 𐀀abcd abcd',
  '  line one\r\n  x\n  line three',
  `ghp_16C7e42F292c6912E7710c838347Ae178B4aghp_16C7e42F292c6912E7710c838347Ae178B4a`,
  'ghp_16C7e42F292c6912\x1b[0m\r\n\t\x1b[36mE7710c838347Ae178B4a',
  'ghp_16C7e42F292c6912E7710c838347Ae178B4',
].join('\n')

describe('a stream', () => {
  test('masks what redact masks, cut in two at every byte', async () => {
    const redactor = createRedactor(VALUES)
    const expected = redactor.redact(TEXT)
    expect(expected).not.toContain(VALUE)
    const length = Buffer.byteLength(TEXT)
    const outputs = await Promise.all(
      Array.from({ length: length + 1 }, (_, cut) => throughStream(redactor, TEXT, [cut])),
    )
    expect(outputs.filter((output) => output !== expected)).toEqual([])
  })

  test('masks what redact masks, byte by byte', async () => {
    const cuts = Array.from({ length: Buffer.byteLength(TEXT) }, (_, index) => index)
    expect(await throughStream(createRedactor(VALUES), TEXT, cuts)).toBe(createRedactor(VALUES).redact(TEXT))
  })

  test('masks what redact masks, for any values, texts and cuts', async () => {
    const small = fc.string({ unit: fc.constantFrom(...Array.from('abAB0+/= !é')), minLength: 4, maxLength: 9 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(secretValue, small), { minLength: 1, maxLength: 4 }),
        fc.array(fc.oneof(fc.nat(), someText, small), { maxLength: 10 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (values, parts, cuts) => {
          const encoders = Object.values(ENCODERS)
          const text = parts
            .map((part) =>
              typeof part === 'string' ? part : encoders[part % encoders.length]?.(values[part % values.length] ?? ''),
            )
            .join('')
            .toWellFormed()
          const redactor = createRedactor(values)
          const length = Buffer.byteLength(text) + 1
          const output = await throughStream(
            redactor,
            text,
            cuts.map((cut) => cut % length),
          )
          expect(output).toBe(redactor.redact(text))
        },
      ),
      { numRuns },
    )
  })

  test('masks a value broken over two lines with colours, wherever the line and the chunk end', async () => {
    const value = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'
    const redactor = createRedactor([value])
    for (const seam of ['\n', '\x1b[0m\r\n\x1b[36m']) {
      for (let line = 4; line < value.length; line += 5) {
        const text = `a ${value.slice(0, line)}${seam}${value.slice(line)} z`
        const outputs = await Promise.all(
          Array.from({ length: text.length }, (_, cut) => throughStream(redactor, text, [cut])),
        )
        expect(new Set(outputs)).toEqual(new Set([`a ***${seam}*** z`]))
      }
    }
  })

  test('passes on what cannot be the beginning of a value at once', async () => {
    const stream = createRedactor(VALUES).stream()
    stream.write('listening on port 3000\n')
    expect(String(stream.read())).toBe('listening on port 3000\n')
    stream.write('token: ghp_16C7\n')
    expect(String(stream.read())).toBe('token: ')
    stream.write('nothing\n')
    expect(String(stream.read())).toBe('ghp_16C7\nnothing\n')
    stream.write('x abcd\n')
    expect(String(stream.read())).toBe('x ***\n')
    stream.end()
    expect(await textOf(stream)).toBe('')
  })

  test('changes no byte outside a value, in any encoding', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), async (chunks) => {
        const stream = createRedactor(['no-such-value']).stream()
        for (const chunk of chunks) stream.write(chunk)
        stream.end()
        expect(await buffer(stream)).toEqual(Buffer.concat(chunks))
      }),
      { numRuns: numRuns / 10 },
    )
  })

  test('takes strings, and masks a value that was added while it flows', async () => {
    const redactor = createRedactor()
    const stream = redactor.stream()
    stream.write('one secret-é1, ')
    redactor.add(['secret-é1'])
    stream.end('two secret-é1')
    expect(await textOf(stream)).toBe('one secret-é1, two ***')
  })

  test('lets 10 MB through without holding more than a few chunks', async () => {
    const redactor = createRedactor(VALUES)
    const line = `2026-11-24 INFO ${VALUE} and ${'x'.repeat(100)} ghp_16C7e42F292c6912E7710c838347Ae178B4\n`
    const lines = 400
    const chunk = Buffer.from(line.repeat(lines))
    const masked = Buffer.byteLength(redactor.redact(line)) * lines
    const count = Math.ceil((10 * 1024 * 1024) / chunk.length)
    let written = 0
    let read = 0
    let mostHeld = 0
    await pipeline(
      Readable.from(
        (function* () {
          for (; written < count; written++) yield chunk
        })(),
        { objectMode: true, highWaterMark: 1 },
      ),
      redactor.stream(),
      new Writable({
        write(output: Buffer, _encoding, done) {
          read += output.length
          mostHeld = Math.max(mostHeld, written - read / masked)
          // Only after the others had their turn, as a slow reader would.
          setImmediate(done)
        },
      }),
    )
    expect(read).toBe(masked * count)
    expect(mostHeld).toBeLessThan(8)
  })

  test('one long run of values is masked without being held', async () => {
    const stream = createRedactor(['aaaaaa']).stream()
    let held = 0
    const output: string[] = []
    for (let index = 0; index < 200; index++) {
      stream.write('a'.repeat(1000))
      const part = stream.read() as Buffer | null
      if (part !== null) output.push(part.toString())
      held = Math.max(held, stream.readableLength + stream.writableLength)
    }
    stream.end('b')
    output.push(await textOf(stream))
    expect(output.join('')).toBe('***b')
    expect(held).toBeLessThan(2000)
  })

  test('gives the beginning of a value that never comes, byte for byte, at its end', async () => {
    const stream = createRedactor(['pässwörd']).stream()
    stream.end('a pässwö')
    expect(await textOf(stream)).toBe('a pässwö')
  })

  test('withholds everything from a failure on', async () => {
    const stream = createRedactor(['secret-1']).stream()
    stream.write('before secr')
    const failing = vi.spyOn(String.prototype, 'startsWith').mockImplementation(() => {
      throw new Error('secret-1')
    })
    stream.write('et-1 after')
    failing.mockRestore()
    stream.end(' et-1 later')
    expect(await textOf(stream)).toBe(`before ${WITHHELD}`)
  })
})

describe('a web stream', () => {
  async function through(
    values: readonly string[],
    chunks: readonly (string | Uint8Array)[],
  ): Promise<(string | Uint8Array)[]> {
    const stream = createRedactor(values).webStream()
    const writer = stream.writable.getWriter()
    const writing = (async () => {
      for (const chunk of chunks) await writer.write(chunk)
      await writer.close()
    })()
    const output: (string | Uint8Array)[] = []
    for await (const chunk of stream.readable) output.push(chunk)
    await writing
    return output
  }

  test('gives strings for strings, cut anywhere, also within a surrogate pair', async () => {
    const expected = createRedactor(VALUES).redact(TEXT)
    for (let cut = 0; cut <= TEXT.length; cut += 7) {
      expect((await through(VALUES, [TEXT.slice(0, cut), TEXT.slice(cut)])).join('')).toBe(expected)
    }
    const value = 'k😀y-k😀y'
    for (let cut = 0; cut <= value.length; cut++) {
      expect((await through([value], [`<${value.slice(0, cut)}`, `${value.slice(cut)}>`])).join('')).toBe('<***>')
    }
  })

  test('gives bytes for bytes', async () => {
    const bytes = new TextEncoder().encode(TEXT)
    const output = await through(VALUES, [bytes.subarray(0, 100), bytes.subarray(100, 101), bytes.subarray(101)])
    expect(output.every((chunk) => chunk instanceof Uint8Array)).toBe(true)
    expect(Buffer.concat(output as Uint8Array[]).toString()).toBe(createRedactor(VALUES).redact(TEXT))
  })

  test('keeps to the kind of its first chunk where they are mixed', async () => {
    const bytes = new TextEncoder().encode('rd/é-value ')
    expect((await through(['passwörd/é-value'], ['a passwö', bytes.subarray(0, 4), bytes.subarray(4)])).join('')).toBe(
      'a *** ',
    )
    const mixed = await through(['passwörd/é-value'], [new TextEncoder().encode('a passwö'), 'rd/é-value '])
    expect(Buffer.concat(mixed as Uint8Array[]).toString()).toBe('a *** ')
  })

  test('gives no empty chunks, and nothing at all for nothing', async () => {
    const bytes = new TextEncoder().encode('secret-1 é')
    expect(await through(['secret-1'], ['', 'secr', 'et-1', ''])).toEqual(['***'])
    expect(await through(['secret-1'], [bytes.subarray(0, 4), bytes.subarray(4)])).toEqual([
      new TextEncoder().encode('*** é'),
    ])
    expect(await through(['secret-1'], [])).toEqual([])
  })

  test('keeps a byte order mark, and what is left of a character that never ends', async () => {
    const bytes = new TextEncoder().encode('\ufeffé')
    expect((await through(['secret-1'], ['a', bytes.subarray(0, 4)])).join('')).toBe('a\ufeff\ufffd')
    expect(Buffer.concat((await through(['secret-1'], [bytes.subarray(0, 4)])) as Uint8Array[])).toEqual(
      Buffer.from(bytes.subarray(0, 4)),
    )
  })

  test('can stand in a pipeline of web streams', async () => {
    const source = new Response('token=secret-1').body
    const output = source?.pipeThrough(
      createRedactor(['secret-1']).webStream() as unknown as TransformStream<Uint8Array, Uint8Array>,
    )
    expect(await new Response(output ?? null).text()).toBe('token=***')
  })
})

describe('a masking buffer', () => {
  test('lets go of a question that waits, and masks the rest of a value that began in it', () => {
    const buffer = maskingBuffer(createRedactor(['correct-horse']), 'bytes')
    expect(buffer.push('sure? c')).toBe('sure? ')
    expect(buffer.release(3)).toBe('c')
    expect(buffer.push('orrect-horse')).toBe('***')
    expect(buffer.push('; sure? c')).toBe('; sure? ')
    expect(buffer.release(3)).toBe('c')
    expect(buffer.push('an') + buffer.end()).toBe('an')
  })

  test('masks the end of a long value that may have been the beginning of another', () => {
    const value = `${'0123456789'.repeat(4)}-end`
    for (const rest of ['', '!', '-of-anoth']) {
      const buffer = maskingBuffer(createRedactor([value, '-end-of-another']))
      const output = buffer.push(`a ${value}`) + buffer.push(rest)
      expect(output + buffer.push(' b') + buffer.end()).toBe(`a ***${rest} b`)
    }
  })

  test.each(['text', 'bytes'] as const)(
    'masks what redact masks, cut anywhere, with a short piece between, as %s',
    (pieces) => {
      const [short, long] = ['abcd', 'k7Qm-é/9_wX4']
      const basic = Buffer.from(`u:${long}!`).toString('base64')
      const text = `é${short} ${short} 𐀀${short} ${short}* ${basic} ${short}** ${long}${long.slice(0, -1)} ${basic}= x`
      const redactor = createRedactor([short, long])
      const shown = (whole: string): string => (pieces === 'text' ? whole : Buffer.from(whole).toString('latin1'))
      const expected = shown(redactor.redact(text))
      const given = shown(text)
      const outputs = new Set<string>()
      for (let one = 0; one <= given.length; one++) {
        for (let two = one; two <= Math.min(one + 5, given.length); two++) {
          const buffer = maskingBuffer(redactor, pieces)
          const cut = [given.slice(0, one), given.slice(one, two), given.slice(two)]
          outputs.add(cut.map((piece) => buffer.push(piece)).join('') + buffer.end())
        }
      }
      expect(outputs).toEqual(new Set([expected]))
    },
  )

  test('masks a value of two lines while another one may have begun in the first', () => {
    const [value, other] = ['k7Qm-Zz9_wX4vB', 'm-Zz9_wX4vB-and-more']
    for (const rest of ['-an', '-and-more']) {
      const buffer = maskingBuffer(createRedactor([value, other]))
      const pieces = ['a k7Qm-Zz9\n_wX4vB', ...Array.from(rest), '!']
      const output = pieces.map((piece) => buffer.push(piece)).join('') + buffer.end()
      expect(output).toBe(`a ***\n***${rest === '-an' ? rest : ''}!`)
    }
  })

  test('that knows short values only waits for whole tokens, and for no base64 before them', () => {
    const redactor = createRedactor(['abcd'])
    expect(maskingBuffer(redactor).push('ready')).toBe('ready')
    // The longest of its forms.
    const numbers = Buffer.from('abcd').join(',')
    const buffer = maskingBuffer(redactor)
    expect([buffer.push(numbers), buffer.push('0 '), buffer.push(numbers), buffer.push(' ')]).toEqual([
      '',
      `${numbers}0 `,
      '',
      '*** ',
    ])
  })

  test('passes nothing on twice after it let go of it', () => {
    const buffer = maskingBuffer(createRedactor(['correct-horse']))
    expect([buffer.push('ready'), buffer.release(3), buffer.push(''), buffer.push('.')]).toEqual(['read', 'y', '', '.'])
    expect([buffer.push(' c'), buffer.release(3), buffer.push(''), buffer.push('at.')]).toEqual([' ', 'c', '', 'at.'])
    expect(buffer.end()).toBe('')
  })

  test('adds no mask for what was part of a word when it let go of it', () => {
    // A form of 32 characters: all that is remembered of what was passed on.
    const form = encodeURIComponent(encodeURIComponent('漢漢ab'))
    const buffer = maskingBuffer(createRedactor(['漢漢ab']))
    expect(buffer.push(`x${form}`) + buffer.release(100)).toBe(`x${form}`)
    expect(buffer.push('!') + buffer.end()).toBe('!')
  })

  test('passes on at once what more text cannot change', () => {
    const value = 'k7Qm-Zz9_wX4vB'
    const inside = Buffer.from(`u:${value}`).toString('base64')
    const whole = Buffer.from(value).toString('base64')
    const passed = {
      // The last character may hold bits of a value that follows in base64.
      'ready.': 'ready.',
      ready: 'read',
      'ready\n': 'ready\n',
      // A whole token is one only if no letter and no mask follows.
      'x abc': 'x ',
      'x abcd': 'x ',
      'x abcd!': 'x ***!',
      'x abcd\n': 'x ***\n',
      'x abcd*': 'x ',
      'x abcd**': 'x ',
      'x abcd**!': 'x *****!',
      'x abcd***': 'x abcd***',
      'x abcd\xe9': 'x ',
      'x abcd\xe3\x80': 'x ',
      xabcd: 'x',
      // What follows base64 holds bits of the value, too, and then there is padding.
      [inside.slice(0, -2)]: 'dT',
      [inside.slice(0, -1)]: 'dT',
      [inside]: 'dT***',
      [`${inside}=`]: 'dT***=',
      [`${inside}!`]: 'dT***!',
      [whole.slice(0, -2)]: '',
      [`${whole}!`]: '***!',
      // A value is complete with its last character; its beginning is held back, at the end of a line from four on.
      [value]: '***',
      [`${value}\n`]: '***\n',
      k: '',
      'k7Q.': 'k7Q.',
      'k7\n': 'k7\n',
      'k7Q\n': 'k7Q\n',
      'k7Qm\n': '',
      'k7Qm\n\x1b[3': '',
      'k7Q\r': '',
      'k7Q\r.': 'k7Q\r.',
      'k7Q\x1b': '',
      'k7Q\x1b[36m': '',
      'x\nk7Q\x1b[3': 'x\n',
      // What is too short for seams ends at a colour.
      'x abc\x1b': 'x abc\x1b',
      'x sec-7': 'x ',
      'x sec-77': 'x ***',
      [`${'. '.repeat(20)}k7Q\x1b[3`]: '. '.repeat(20),
      [`k7Q\x1b[${'0'.repeat(24)}`]: '',
      [`k7Q\x1b[${'0'.repeat(25)}`]: `k7Q\x1b[${'0'.repeat(24)}`,
      'x\x1b[3.': 'x\x1b[3.',
    }
    for (const pieces of ['text', 'bytes'] as const) {
      for (const [text, expected] of Object.entries(passed)) {
        const buffer = maskingBuffer(createRedactor(['abcd', 'sec-77', value]), pieces)
        expect([text, buffer.push(text)]).toEqual([text, expected])
      }
    }
  })

  test('takes texts, unless it is asked for bytes', () => {
    const buffer = maskingBuffer(createRedactor(['pässwörd']))
    expect(buffer.push('päss') + buffer.push('wörd.') + buffer.end()).toBe('***.')
  })

  test('of what is no redactor of the library withholds everything', () => {
    const buffer = maskingBuffer({ ...createRedactor(['secret-1']) })
    expect([buffer.push('secret-1'), buffer.release(3), buffer.push('more'), buffer.end()]).toEqual([
      WITHHELD,
      '',
      '',
      '',
    ])
  })

  test('keeps back more of a value than it is asked to let go of', () => {
    const buffer = maskingBuffer(createRedactor(['correct-horse']), 'bytes')
    expect(buffer.push('corr')).toBe('')
    expect(buffer.release(3)).toBe('')
    expect(buffer.push('ect-horse') + buffer.end()).toBe('***')
  })

  test.each([1, 2, 3, 4, 5, 7])(
    'lets go of no more of a value that comes in pieces of %i with pauses between',
    (size) => {
      const buffer = maskingBuffer(createRedactor(['correct-horse']), 'bytes')
      let output = ''
      for (let at = 0; at < 'correct-horse'.length; at += size) {
        output += buffer.push('correct-horse'.slice(at, at + size)) + buffer.release(3)
      }
      expect(output + buffer.end()).toBe(`${'cor'.slice(0, 3 - (3 % size))}***`)
    },
  )
})
