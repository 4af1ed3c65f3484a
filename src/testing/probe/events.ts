/** Listens to what is told of calls, of processes, and of failures that nobody handles. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const TRACED = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']
const CHANNELS = [
  ...TRACED.map((event) => `tracing:latchkey:call:${event}`),
  'latchkey:secret:read',
  'latchkey:worker',
  // Node's own, which tell how a process is started.
  'child_process',
  ...TRACED.map((event) => `tracing:child_process.spawn:${event}`),
]

/** Begins to listen; `look` gets each record at the moment when it is published. */
export function watchEvents(
  channels: readonly string[],
  look: (place: string, value: unknown) => void,
): { stop(): void } {
  const onEvent = (record: unknown, name: string | symbol): void => {
    look('event', { [String(name)]: isProcess(record) ? record.process.spawnargs : record })
  }
  const onError = (error: unknown): void => {
    look('error', error)
  }
  const names = [...new Set([...CHANNELS, ...channels])]
  for (const name of names) subscribe(name, onEvent)
  process.on('uncaughtExceptionMonitor', onError)
  process.on('warning', onError)
  return {
    stop() {
      for (const name of names) unsubscribe(name, onEvent)
      process.off('uncaughtExceptionMonitor', onError)
      process.off('warning', onError)
    },
  }
}

/** A record of Node's holds the whole process object, whose queues hold what is sent to it and nobody is told. */
function isProcess(record: unknown): record is { process: { spawnargs: unknown } } {
  return typeof record === 'object' && record !== null && 'process' in record
}
