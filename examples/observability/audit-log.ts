// An audit log: one JSON line per read of secrets, per call, and per end of a process.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { CallEvent, SecretReadEvent, WorkerEvent } from 'latchkey'

/** Begins to write; the returned function ends it. The records hold no values, so they are written as they are. */
export function auditLog(write: (line: string) => void): () => void {
  const record = (kind: string, event: CallEvent | SecretReadEvent | WorkerEvent): void => {
    write(JSON.stringify({ at: new Date().toISOString(), kind, ...event }))
  }
  const listeners = {
    'latchkey:secret:read': (event: unknown) => {
      record('read', event as SecretReadEvent)
    },
    'tracing:latchkey:call:asyncEnd': (event: unknown) => {
      record('call', event as CallEvent)
    },
    'latchkey:worker': (event: unknown) => {
      if ((event as WorkerEvent).event === 'ended') record('worker', event as WorkerEvent)
    },
  }
  for (const [name, listener] of Object.entries(listeners)) subscribe(name, listener)
  return () => {
    for (const [name, listener] of Object.entries(listeners)) unsubscribe(name, listener)
  }
}
