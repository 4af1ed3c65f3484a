// What masking costs: 10 MB of log, once without a value in it and once with one in every tenth line, beside the loop
// that only reads each character, the usual ways to replace many strings, and pino's redaction by paths.
// Prints a Markdown table. Needs `npm run build`. With `--check`, fails if a goal is missed.
import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import pinoRedact from '@pinojs/redact'
import { createRedactor } from 'latchkey/redact'

const MEGABYTES = 10
const ROUNDS = 11

/** Values and logs are the same in every run: a hash stands for chance. */
function secret(index) {
  const digest = createHash('sha512').update(`secret ${index}`).digest('base64')
  return digest.replaceAll('=', '').slice(0, 40)
}

function log(values, every) {
  const lines = []
  for (let length = 0, index = 0; length < MEGABYTES * 1e6; index++) {
    const id = createHash('md5').update(String(index)).digest('hex')
    const value = every > 0 && index % every === 0 ? ` authorization="Bearer ${values[index % values.length]}"` : ''
    const line = `2026-11-24T10:00:00.${index % 1000}Z INFO request id=${id} GET /api/v1/items/${index} 200 12ms ua="curl/8.5.0"${value}\n`
    lines.push(line)
    length += line.length
  }
  return Buffer.from(lines.join('')).toString('latin1')
}

/** The fastest of a few rounds, in milliseconds: other work on the machine only ever adds. */
function time(work, rounds = ROUNDS) {
  let fastest = Infinity
  for (let round = 0; round < rounds; round++) {
    const started = performance.now()
    work()
    fastest = Math.min(fastest, performance.now() - started)
  }
  return fastest
}

let sum = 0
function readAll(text) {
  for (let index = 0; index < text.length; index++) sum = (sum + text.charCodeAt(index)) | 0
}

/** The forms that the naive ways look for: fewer than the redactor does, since base64 has no alignments here. */
function naiveForms(value) {
  const bytes = Buffer.from(value)
  const hex = bytes.toString('hex')
  const base64 = bytes.toString('base64').replaceAll('=', '')
  return [...new Set([value, encodeURIComponent(value), base64, bytes.toString('base64url'), hex, hex.toUpperCase()])]
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`)
const failures = []

console.log(`Node ${process.version}, ${cpus().length} cores\n`)
row('10 MB of log', 'values', 'ms', 'MB/s', 'x of the loop')
row('---', '---:', '---:', '---:', '---:')
for (const every of [0, 10]) {
  const values = Array.from({ length: 500 }, (_, index) => secret(index))
  const text = log(values.slice(0, 2), every)
  const what = every === 0 ? 'no value in it' : 'a value in every 10th line'
  readAll(text)
  const loop = time(() => readAll(text))
  const report = (name, count, ms) => {
    row(`${name}, ${what}`, count, ms.toFixed(1), (text.length / 1e3 / ms).toFixed(0), (ms / loop).toFixed(2))
    return ms / loop
  }
  report('`charCodeAt` loop', '', loop)
  for (const count of [2, 50, 500]) {
    const redactor = createRedactor(values.slice(0, count))
    redactor.redact(text)
    const factor = report(
      '`redact`',
      count,
      time(() => redactor.redact(text)),
    )
    if (count === 50 && factor > 4) failures.push(`redact with 50 values, ${what}: ${factor.toFixed(2)} x of the loop`)
  }
  const forms = values.slice(0, 50).flatMap(naiveForms)
  const union = new RegExp(forms.map(escaped).join('|'), 'g')
  report(
    'one regular expression',
    50,
    time(() => text.replace(union, '***'), 3),
  )
  report(
    '`replaceAll` for each form',
    50,
    time(() => forms.reduce((rest, form) => rest.replaceAll(form, '***'), text), 3),
  )

  const redactor = createRedactor(values.slice(0, 50))
  const bytes = Buffer.from(text, 'latin1')
  const streamed = async () => {
    const stream = redactor.stream()
    stream.resume()
    const ended = new Promise((resolve) => stream.on('end', resolve))
    for (let at = 0; at < bytes.length; at += 65536) stream.write(bytes.subarray(at, at + 65536))
    stream.end()
    await ended
  }
  await streamed()
  let fastest = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now()
    await streamed()
    fastest = Math.min(fastest, performance.now() - started)
  }
  report('`stream()` in chunks of 64 KiB', 50, fastest)
}

/** Microseconds for each of many repetitions. */
function each(repetitions, work) {
  for (let index = 0; index < repetitions; index++) work(index)
  return (
    (time(() => {
      for (let index = 0; index < repetitions; index++) work(index)
    }) *
      1000) /
    repetitions
  )
}

const two = [secret(0), secret(1)]
const redactor = createRedactor(two)
const request = {
  id: 17,
  url: '/api/v1/items',
  headers: { accept: '*/*', authorization: two[0], 'user-agent': 'curl/8.5.0' },
  body: { items: [{ name: 'a' }, { name: 'b' }], token: two[1] },
}
const byPath = pinoRedact({ paths: ['headers.authorization', 'body.token'], serialize: false })
const failure = new Error(`request failed with ${two[0]}`)

console.log('\nTwo values of 40 characters:\n')
row('what', 'µs each')
row('---', '---:')
row('`createRedactor` of two values', each(10_000, () => createRedactor(two)).toFixed(2))
row(
  '`createRedactor` of two values, and the first `redact`',
  each(1_000, () => createRedactor(two).redact('started')).toFixed(1),
)
row(
  '`redact` of a line of 40 characters, no value in it',
  each(100_000, (index) => redactor.redact(`GET /api/v1/items/${100000 + index} 200 in 12 ms ok`)).toFixed(2),
)
row(
  '`redact` of a line of 80 characters, a value in it',
  each(100_000, (index) => redactor.redact(`authorization: token ${two[0]} of ${100000 + index}`)).toFixed(2),
)
row('`redactError`', each(5_000, () => redactor.redactError(failure)).toFixed(1))
row(
  '`redactValue` of a request of 12 fields, two of them secret',
  each(20_000, () => redactor.redactValue(request)).toFixed(2),
)
row(
  "pino's `@pinojs/redact` of its two paths (it is told where they are, and finds them nowhere else)",
  each(20_000, () => byPath(request)).toFixed(2),
)

if (process.argv.includes('--check') && failures.length > 0) {
  console.error(failures.join('\n'))
  process.exitCode = 1
}
