// Runs two calls, one of which fails, with an audit log and OpenTelemetry spans; fails if a value got into either.
import { strict as assert } from 'node:assert'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { auditLog } from './audit-log.ts'
import { closeIssue, registry, whoAmI } from './integrations.ts'
import { callSpans } from './spans.ts'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const lines: string[] = []
const endLog = auditLog((line) => lines.push(line))
const endSpans = callSpans(provider.getTracer('observability'))

console.log('who_am_i:', await whoAmI())
await closeIssue(7).catch((error: unknown) => {
  console.log('close_issue:', String(error))
})
await registry.close()
endLog()
endSpans()

console.log('\nThe audit log:')
for (const line of lines) console.log(line)
console.log('\nThe spans:')
for (const { name, attributes, status } of exporter.getFinishedSpans()) console.log(name, attributes, status)

const everything = JSON.stringify([
  lines,
  exporter.getFinishedSpans().map(({ name, attributes }) => [name, attributes]),
])
assert.equal(exporter.getFinishedSpans().length, 2)
assert.deepEqual(
  lines.map((line) => (JSON.parse(line) as { kind: string }).kind).filter((kind) => kind !== 'worker'),
  ['read', 'call', 'read', 'call'],
)
assert.ok(!everything.includes('ghp_'))
