/** The shape of a manifest: plain JSON data, sorted, and free of values. */
import type { CheckReport } from './check-types.ts'
import type { RequirementDefinition } from './types.ts'

/** Options of `registry.manifest()`. */
export interface ManifestOptions {
  /**
   * The scopes whose stores are asked what they hold. Default: none; then the manifest tells what the code says, no store is
   * asked, and it changes with the code alone.
   */
  readonly scopes?: readonly string[] | undefined
  /**
   * True: the values that functions use in these scopes are read, and looked into for the day on which they expire: JWTs
   * (`exp`) and X.509 certificates in PEM. Default: false.
   */
  readonly expiry?: boolean | undefined
  /** How long stores may take to answer in all, in milliseconds. Default: the registry's `timeoutMs`. */
  readonly timeoutMs?: number | undefined
  /** The folder, as a path, that module paths are relative to. Default: the working directory. */
  readonly root?: string | undefined
}

/** What a registry's functions need, and on request what its stores hold of it. */
export interface Manifest {
  /** The version of this shape. Fields may be added to it; one that goes or changes its meaning makes it 2. */
  readonly format: 1
  /** The scope of calls that name none. */
  readonly scope: string
  /** By name. */
  readonly functions: readonly ManifestFunction[]
  /** Every secret that a function names; by name, then by scope. */
  readonly secrets: readonly ManifestSecret[]
  /**
   * Registrations that cannot stand: variables that collide, names that are reserved, names that are given twice. Only a
   * process that collects has any, as elsewhere registering throws.
   */
  readonly refused: readonly { readonly function: string; readonly code: string; readonly message: string }[]
  /** There where `scopes` was given. */
  readonly stored?: ManifestStored
}

/** One registered function. */
export interface ManifestFunction {
  readonly name: string
  readonly description?: string
  /** The path of its module, relative to `root`, with `/`; a URL where there is no such path. */
  readonly module?: string
  /** The JSON Schema of its input, where the schema can give one. */
  readonly inputSchema?: Readonly<Record<string, unknown>>
  readonly requirements: readonly RequirementDefinition[]
  /** The variables that it sets, by name, as far as its code names the keys. */
  readonly variables: readonly {
    readonly name: string
    readonly secret: string
    readonly key: string
    /** There, and true, where the name changes how a process runs, and the requirement admits it. */
    readonly reserved?: true
  }[]
}

/** One secret that functions name, and who uses what of it. */
export interface ManifestSecret {
  readonly name: string
  /** Where requirements fix it; absent: the scope of the call. */
  readonly scope?: string
  /** The functions that need it. */
  readonly usedBy: readonly string[]
  /** Those among them that take every key, whatever keys there are. */
  readonly wholeUsedBy: readonly string[]
  /** Keys that are named, and by whom. */
  readonly keys: readonly { readonly key: string; readonly usedBy: readonly string[] }[]
}

/** What stores hold in the scopes that were asked for. The lists of {@link CheckReport} say what is wrong there. */
export interface ManifestStored extends CheckReport {
  readonly scopes: readonly string[]
  /** What is there and used, by scope and name; also that of scopes that requirements fix. */
  readonly secrets: readonly StoredSecret[]
  /** What is there and used by no function, by scope and name. */
  readonly unused: readonly { readonly scope: string; readonly name: string; readonly createdAt?: string }[]
  /** Scopes for which `unused` is not known: their store cannot list, or failed. */
  readonly unlisted: readonly { readonly scope: string; readonly code: string; readonly message: string }[]
  /** What expires, the next first. There where `expiry` was asked for. */
  readonly expires?: readonly ManifestExpiry[]
}

/** One secret that is there and used. */
export interface StoredSecret {
  readonly scope: string
  readonly name: string
  readonly description?: string
  /** When this version was written, in ISO 8601, where the store tells. */
  readonly createdAt?: string
  readonly keys: readonly { readonly key: string; readonly usedBy: readonly string[] }[]
}

/** A value that says of itself when it expires. */
export interface ManifestExpiry {
  readonly scope: string
  readonly name: string
  readonly key: string
  /** What says so: the `exp` of a JWT, or the earliest end of the certificates. */
  readonly kind: 'jwt' | 'certificate'
  /** In ISO 8601. */
  readonly at: string
}
