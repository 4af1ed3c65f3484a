// OpenTelemetry: a span for each call, below the span that is active where the function is called.
import { tracingChannel } from 'node:diagnostics_channel'
import { type Span, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import type { CallEvent } from 'latchkey'

/** Begins to make spans; the returned function ends it. */
export function callSpans(tracer: Tracer): () => void {
  const channels = tracingChannel<unknown, CallEvent>('latchkey:call')
  // All events of a call bring the same record.
  const spans = new WeakMap<CallEvent, Span>()
  const subscribers = {
    start(call: CallEvent) {
      const attributes = {
        'latchkey.function': call.function,
        'latchkey.scope': call.scope,
        'latchkey.isolation': call.isolation,
      }
      spans.set(call, tracer.startSpan(`latchkey ${call.function}`, { kind: SpanKind.INTERNAL, attributes }))
    },
    end() {
      // The function has been called; how it ends is told by asyncEnd.
    },
    asyncStart() {
      // Nothing is done between this and asyncEnd.
    },
    asyncEnd(call: CallEvent) {
      const span = spans.get(call)
      if (call.workerPid !== undefined) span?.setAttribute('latchkey.worker.pid', call.workerPid)
      if (call.waitedMs !== undefined) span?.setAttribute('latchkey.waited_ms', call.waitedMs)
      span?.setAttribute('latchkey.secrets', call.secrets?.map(({ scope, name }) => `${scope}:${name}`) ?? [])
      span?.end()
    },
    error(call: CallEvent) {
      const span = spans.get(call)
      span?.setAttribute('error.type', call.outcome ?? 'FAILED')
      span?.setStatus({ code: SpanStatusCode.ERROR })
    },
  }
  channels.subscribe(subscribers)
  return () => {
    channels.unsubscribe(subscribers)
  }
}
