/** Takes the address of a store apart. What is wrong with one is told without repeating it: it may hold a password. */
import type { Input } from '../command.ts'
import { CliError, usageError } from '../failure.ts'
import { EXIT } from '../exit-codes.ts'
import type { OpenedStore } from '../store.ts'

/** An address in its parts, such as `vault+http://127.0.0.1:8200/secret/apps?namespace=team`. */
export interface Address {
  /** `vault`. */
  readonly kind: string
  /** What follows the kind: `http`; empty if nothing does. */
  readonly variant: string
  /** `127.0.0.1:8200`; empty for an address like `vault:secret/apps`, whose server the environment names. */
  readonly host: string
  readonly username: string
  /** Only ever from the environment: an address among the arguments is refused if it has one. */
  readonly password: string
  /** `secret/apps`, without a slash at its beginning if there is a host. */
  readonly path: string
  /** Gives the settings after `?`, which may be these. Throws a usage error for any other. */
  settings<Name extends string>(...known: Name[]): Partial<Record<Name, string>>
}

/** Opens the store of an address. */
export type Opener = (address: Address, input: Input) => Promise<OpenedStore>

const KINDS: Readonly<Record<string, readonly [kind: string, variant: string]>> = {
  postgresql: ['postgres', ''],
  rediss: ['redis', 'tls'],
  'vault+http': ['vault', 'http'],
  'etcd+http': ['etcd', 'http'],
}

/** The kinds whose servers know users. */
const WITH_USERS: readonly string[] = ['postgres', 'redis', 'etcd']
/** Names of settings that may hold what is secret: no kind has one. */
const SECRET_SETTING = /pass|pwd|token|secret|auth|cred/i

/**
 * Parses an address.
 *
 * @param inArguments - whether it stands among the arguments, where others can see it.
 */
export function parseAddress(text: string, inArguments: boolean): Address {
  const where = inArguments ? 'What follows --store' : 'LATCHKEY_STORE'
  if (!URL.canParse(text)) {
    if (inArguments && text.includes('@')) throw passwordInArguments()
    throw usageError(
      `${where} is not the address of a store.`,
      'Such an address is vault:, dir:/etc/secrets or postgres://db.example.org/app.',
    )
  }
  const url = new URL(text)
  const scheme = url.protocol.slice(0, -1)
  const [kind, variant] = (Object.hasOwn(KINDS, scheme) ? KINDS[scheme] : undefined) ?? [scheme, '']
  if (inArguments && mayHoldPassword(url, kind)) throw passwordInArguments()
  if (text.includes('#')) {
    throw usageError(`${where} has a #, after which an address says nothing.`, 'A # that belongs to it is written %23.')
  }
  return {
    kind,
    variant,
    host: url.host,
    username: decoded(url.username, where),
    password: decoded(url.password, where),
    path: decoded(url.host === '' ? url.pathname : url.pathname.slice(1), where),
    settings<Name extends string>(...known: Name[]) {
      const found: Partial<Record<Name, string>> = {}
      for (const [name, value] of url.searchParams) {
        const match = known.find((one) => one === name)
        if (match === undefined) {
          throw usageError(
            `${where} has a setting that ${kind}: does not have.`,
            known.length === 0 ? `${kind}: has no settings.` : `${kind}: has the settings ${known.join(', ')}.`,
          )
        }
        found[match] = value
      }
      return found
    },
  }
}

function decoded(part: string, where: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw usageError(`${where} has a % that begins no character.`, 'A % itself is written %25.')
  }
}

/** Tells whether a password may stand in an address, wherever the address was mistyped. A folder may have an `@` in its path. */
function mayHoldPassword(url: URL, kind: string): boolean {
  if (url.password !== '' || (url.username !== '' && !WITH_USERS.includes(kind))) return true
  if ([...url.searchParams.keys()].some((name) => SECRET_SETTING.test(name))) return true
  return kind !== 'dir' && `${url.pathname}${url.search}${url.hash}`.includes('@')
}

function passwordInArguments(): CliError {
  return new CliError(
    'VALUE_IN_ARGV',
    'A password is not taken from the command line: other users can see it there, and the shell keeps it in its history.',
    'Leave it out of --store, and give it as docs/cli.md tells for each kind of store (PGPASSWORD, REDIS_PASSWORD and so on), or set the whole address as LATCHKEY_STORE. Change the password, for it was seen. An @ in a name is written %40.',
    EXIT.usage,
  )
}

/** Gives a setting that is a number. */
export function numberSetting(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw usageError(`The setting ${name} of the store's address is not a number.`)
}
