/** What the doctor found out about one thing. */

export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail'
  /** One word: what was looked at. */
  readonly about: string
  /** A sentence. */
  readonly found: string
  /** What to do about it. */
  readonly next?: string | undefined
}

export function ok(about: string, found: string): Finding {
  return { state: 'ok', about, found }
}

export function warn(about: string, found: string, next: string): Finding {
  return { state: 'warn', about, found, next }
}

export function fail(about: string, found: string, next: string | undefined): Finding {
  return { state: 'fail', about, found, next }
}
