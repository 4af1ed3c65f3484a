/** The options of a Vault store. */
import type { MaybePromise } from '../../store.ts'
import type { Rename } from '../foreign.ts'

/** A login with a role's id and a secret id: https://developer.hashicorp.com/vault/docs/auth/approle */
export interface AppRoleLogin {
  readonly method: 'approle'
  readonly roleId: string
  /** The secret id, or a function that gives one for each login. */
  readonly secretId: string | (() => MaybePromise<string>)
  /** Where the auth method is mounted. Default: `approle`. */
  readonly mount?: string | undefined
}

/** A login with a pod's service account: https://developer.hashicorp.com/vault/docs/auth/kubernetes */
export interface KubernetesLogin {
  readonly method: 'kubernetes'
  readonly role: string
  /** The service account's token, read anew at each login. Default: where Kubernetes mounts it. */
  readonly jwtFile?: string | undefined
  /** Where the auth method is mounted. Default: `kubernetes`. */
  readonly mount?: string | undefined
}

/** Which Vault or OpenBao to use, as whom, and how patiently. */
export interface VaultStoreOptions {
  /** The server's URL, e.g. `https://vault.example.org:8200`. */
  readonly address: string | URL
  /** A token, or a function that gives one: called before the first request, and once more when Vault refuses its token. */
  readonly token?: string | (() => MaybePromise<string>) | undefined
  /** True: the token is renewed before it ends. Default: false. A login's token always is. */
  readonly renew?: boolean | undefined
  /** A login, in place of `token`. */
  readonly auth?: AppRoleLogin | KubernetesLogin | undefined
  /** Where the KV engine, of version 2, is mounted. Default: `secret`. */
  readonly mount?: string | undefined
  /** The path within the mount that everything is under, e.g. `apps/billing`. Default: none. */
  readonly prefix?: string | undefined
  /** The namespace, of Vault Enterprise or OpenBao. Default: none. */
  readonly namespace?: string | undefined
  /** Which key names in Vault are read, and written, as which keys, e.g. `{ 'tls.crt': 'TLS_CRT' }`. Default: none. */
  readonly rename?: Rename | undefined
  /** Origins beside that of `address` to which a redirect may take the token, e.g. those of a cluster's nodes. Default: none. */
  readonly redirectOrigins?: readonly string[] | undefined
  /** How long one attempt at a request may take, its answer's body included: milliseconds. Default: 10,000. */
  readonly timeoutMs?: number | undefined
  /** How often a request is sent again, where nothing can happen twice by that: 0 to 10. Default: 2. */
  readonly retries?: number | undefined
  /** How often a watch looks: milliseconds. Default: 30,000. */
  readonly pollMs?: number | undefined
  /** What requests are made with, e.g. one with a proxy. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}
