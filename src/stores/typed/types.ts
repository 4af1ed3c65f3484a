/** The shapes of a store that takes definitions. */
import type { KeyInput, KeyValue, Secret, SecretDefinition, SecretInfo } from '../../secret.ts'
import type { MaybePromise, ReadOptions, SecretStore, SetOptions, WritableSecretStore } from '../../store.ts'

/** The keys that a definition has. */
export type DefinedKey<D extends SecretDefinition> = keyof D['schemas'] & string

/** A secret with the keys that its definition has, and no others; each value is of the type that its schema gives. */
export interface DefinedSecret<
  D extends SecretDefinition = SecretDefinition,
  Key extends DefinedKey<D> = DefinedKey<D>,
> extends Omit<Secret, 'name' | 'values'> {
  readonly name: D['name']
  readonly values: { readonly [K in Key]: KeyValue<D['schemas'][K]> }
}

/** What a secret is made of by its definition: a value for each of its keys, of the type that its schema takes. */
export type DefinedValues<D extends SecretDefinition> = { readonly [K in DefinedKey<D>]: KeyInput<D['schemas'][K]> }

/** A secret's name, or its definition. */
export type SecretOrName = string | SecretDefinition

/** One secret to read, by name or definition. With `keys`, other keys are absent from the answer's `values`. */
export interface TypedRequest<D extends SecretOrName = SecretOrName> {
  readonly name: D
  readonly keys?: readonly (D extends SecretDefinition ? DefinedKey<D> : string)[] | undefined
  readonly scope?: string | undefined
}

/** The answer to one request of `getMany`. */
export type TypedAnswer<R> = R extends { readonly name: infer D extends SecretDefinition }
  ? R extends { readonly keys: readonly (infer K extends DefinedKey<D>)[] }
    ? DefinedSecret<D, K>
    : DefinedSecret<D>
  : Secret

/** A store whose verbs take a definition wherever they take a name, and then give and hold values to its schemas. */
export interface TypedStore extends SecretStore {
  describe(secret: SecretOrName, options?: ReadOptions): MaybePromise<SecretInfo | undefined>
  /**
   * Reads one secret. `undefined`: it is not there.
   *
   * @throws StoreError INVALID_SECRET_VALUE, given a definition, if a key is missing or a value does not fit its schema.
   */
  get<D extends SecretDefinition>(definition: D, options?: ReadOptions): Promise<DefinedSecret<D> | undefined>
  get(name: string, options?: ReadOptions): Promise<Secret | undefined>
  /**
   * Reads several secrets. Answers in the order of the requests.
   *
   * @throws StoreError INVALID_SECRET_VALUE for everything that does not fit, in one error.
   */
  getMany<const R extends readonly TypedRequest[]>(
    requests: R & { readonly [I in keyof R]: TypedRequest<R[I]['name']> },
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<{ -readonly [I in keyof R]: TypedAnswer<R[I]> | undefined }>
}

/** A {@link TypedStore} that can be written. */
export interface TypedWritableStore extends Omit<WritableSecretStore, keyof TypedStore>, TypedStore {
  /**
   * Writes a secret; given a definition, only if every value fits, and as the schemas give it.
   *
   * @throws StoreError INVALID_SECRET_VALUE, given a definition, if a value does not fit its schema, if a key is not the
   * definition's, or if one is missing; with mode `merge`, none is.
   */
  set<D extends SecretDefinition>(
    definition: D,
    values: Partial<DefinedValues<D>>,
    options: SetOptions & { readonly mode: 'merge' },
  ): Promise<SecretInfo>
  set<D extends SecretDefinition>(
    definition: D,
    values: DefinedValues<D>,
    options?: SetOptions & { readonly mode?: 'replace' | undefined },
  ): Promise<SecretInfo>
  set(name: string, values: Readonly<Record<string, string>>, options?: SetOptions): Promise<SecretInfo>
  delete(
    secret: SecretOrName,
    options?: { readonly scope?: string | undefined; readonly ifVersion?: string | undefined },
  ): Promise<boolean>
  history?(secret: SecretOrName, options?: ReadOptions): Promise<SecretInfo[]>
  rollback?(
    secret: SecretOrName,
    version: string,
    options?: { readonly scope?: string | undefined },
  ): Promise<SecretInfo>
}
