/** The token in use: got once for all who wait for it, renewed before it ends, and replaced when it is refused. */
import { untilAborted } from '../waiting.ts'
import type { Lease, TokenSource } from './login.ts'
import type { VaultHost } from './host.ts'

/** Gives the token to use. */
export interface Tokens {
  /** Gives a token, by a login if there is none. */
  current(signal?: AbortSignal): Promise<string>
  /** Takes note that a token was refused. True: another one may do. */
  refused(token: string): boolean
  /** Takes note that a new token was refused too: the token is not the reason. */
  refusedAgain(): void
  close(): void
}

/** After this part of its lifetime a token is renewed. */
const RENEW_AFTER = 2 / 3
/** A token is not used in the last moments of its life: it might end on the way. */
const LAST_MOMENTS_MS = 2_000
/** What is left of a lifetime that is not worth a renewal: the next login comes as soon as it is needed. */
const SHORTEST_RENEWED_MS = 10_000
/** How long a refusal that a new token did not help is taken for one by policy, without another login. */
const BY_POLICY_MS = 10_000
/** What timers can wait for. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Holds the tokens that a source gives. */
export function heldTokens(source: TokenSource, host: VaultHost): Tokens {
  let held: (Lease & { readonly endsAt: number }) | undefined
  let pending: Promise<Lease> | undefined
  let cancelRenewal: (() => void) | undefined
  let byPolicyUntil = -Infinity
  let closed = false

  const hold = (lease: Lease): Lease => {
    const ttlMs = lease.ttlMs ?? Infinity
    held = { ...lease, endsAt: host.now() + ttlMs - Math.min(LAST_MOMENTS_MS, ttlMs / 10) }
    cancelRenewal?.()
    cancelRenewal = undefined
    if (lease.renewable && !closed && ttlMs >= SHORTEST_RENEWED_MS && ttlMs !== Infinity) {
      const renewAfter = Math.min(ttlMs * RENEW_AFTER, LONGEST_TIMER_MS)
      cancelRenewal = host.after(renewAfter, () => void renew(lease.token))
    }
    return lease
  }

  const renew = async (token: string): Promise<void> => {
    try {
      const lease = await source.renew(token)
      if (held?.token === token && !closed) hold({ ...lease, token })
    } catch {
      // Whatever it was: while the token lives it is used, and tried once more; after that comes a login.
      const left = (held?.endsAt ?? 0) - host.now()
      if (held?.token !== token || closed || left < SHORTEST_RENEWED_MS) return
      cancelRenewal = host.after(Math.min(left / 2, LONGEST_TIMER_MS), () => void renew(token))
    }
  }

  const login = (): Promise<Lease> => {
    pending ??= source
      .login()
      .then(hold)
      .finally(() => {
        pending = undefined
      })
    return pending
  }

  return {
    async current(signal) {
      // Without a second token to hope for, an old one is as good as none: Vault has the last word.
      if (held !== undefined && (host.now() < held.endsAt || !source.again)) return held.token
      return (await untilAborted(login(), signal)).token
    },

    refused(token) {
      if (!source.again || host.now() < byPolicyUntil) return false
      // Others may have replaced it while this answer was on its way.
      if (held?.token === token) held = undefined
      return true
    },

    refusedAgain() {
      byPolicyUntil = host.now() + BY_POLICY_MS
    },

    close() {
      closed = true
      cancelRenewal?.()
      held = undefined
    },
  }
}
