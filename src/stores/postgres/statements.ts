/**
 * The statements of the store. Each change is one statement, and so one transaction: what it compares, it locks first.
 *
 * A row that another transaction is changing is waited for, and compared as that one left it (READ COMMITTED); so a write
 * is exact in races. The keyring's row is locked before a secret's, in shared mode: who replaces the keyring waits for
 * writes that are under way, and none that comes later can use the old one.
 */
import type { Tables } from './tables.ts'

/** The text of each statement. */
export interface Statements {
  /** `$1` scope, `$2` name. Gives `version`, `sealed`. Short: the server parses it for each read. */
  readonly readOne: string
  /** `$1` and `$2` arrays of scopes and of names, as PostgreSQL writes them. Gives `i` from 1, `version`, `sealed`. */
  readonly readMany: string
  /** As `readMany`, and `kept`: JSON, `[version, hex]` of each older version, the newest first; NULL if there is none. */
  readonly readOlder: string
  /** `$1` scope, `$2` prefix, `$3` the name before, `$4` how many. Gives `name`, `version`, `sealed`. */
  readonly page: string
  /** As `page`, and `kept`. */
  readonly pageOlder: string
  /** `$1` the scope before, `$2` how many. Gives `scope`. */
  readonly scopes: string
  /** `$1` scope. Gives `name`, `version` of every secret. */
  readonly versions: string
  /** `$1` scope, `$2` name, `$3` version, `$4` bytes, `$5` note, `$6` keyring. Gives `outcome`. */
  readonly insert: string
  /** As `insert`, and `$7` the version before, `$8` how many older ones are kept. */
  readonly update: string
  /**
   * `$1` scope, `$2` name, `$3` version, `$4` its bytes, `$5` JSON `[version, hex]` of each older version, `$6` keyring. Gives
   * `outcome`.
   */
  readonly replace: string
  /** `$1` scope, `$2` name, `$3` note, `$4` version or NULL. Gives `removed`. */
  readonly remove: string
  /** Gives `revision`, `document`. */
  readonly readKeyring: string
  /** `$1` revision, `$2` document. Gives a row if it was written. */
  readonly insertKeyring: string
  /** As `insertKeyring`, and `$3` the revision before. */
  readonly updateKeyring: string
}

/** Writes the statements for tables. */
export function statementsOf({ secret, version, keyring, channel }: Tables): Statements {
  // Quoted, as every element of an array may be: a secret may have the name null.
  const asked = `unnest($1::text::text[], $2::text::text[]) with ordinality as q(scope, name, i)
    join ${secret} s on s.scope = q.scope and s.name = q.name`
  const kept = `(select json_agg(json_build_array(v.version::text, encode(v.sealed, 'hex')) order by v.version desc)::text
    from ${version} v where v.scope = s.scope and v.name = s.name and v.version < s.version) as kept`
  // Names are ASCII: what begins with a prefix comes before the prefix and DEL.
  const within = `s.scope = $1::text and s.name >= $2::text and s.name < $2::text || chr(127) and s.name > $3::text
    order by s.name limit $4::int`
  /** The keyring as it is compared with; NULL: there must be none, for the store was told not to seal. */
  const ring = (parameter: string): string => `ring as materialized (
      select 1 from ${keyring} where id = 1 and revision = ${parameter}::text::bigint for share
    ), pass as materialized (
      select 1 where exists (select from ring)
        or (${parameter}::text is null and not exists (select from ${keyring}))
    )`
  const told = (note: string): string =>
    `told as materialized (select pg_notify('${channel}', ${note}::text) from head)`
  const outcome = `select case when exists (select from head) then 'done'
      when exists (select from pass) then 'conflict' else 'rekeyed' end as outcome`
  return {
    readOne: `select version, sealed from ${secret} where scope = $1 and name = $2`,
    readMany: `select q.i, s.version, s.sealed from ${asked}`,
    readOlder: `select q.i, s.version, s.sealed, ${kept} from ${asked}`,
    page: `select s.name, s.version, s.sealed from ${secret} s where ${within}`,
    pageOlder: `select s.name, s.version, s.sealed, ${kept} from ${secret} s where ${within}`,
    scopes: `with recursive held as (
        (select scope from ${secret} where scope > $1::text order by scope limit 1)
        union all
        select (select s.scope from ${secret} s where s.scope > held.scope order by s.scope limit 1)
        from held where held.scope is not null
      )
      select scope from held where scope is not null limit $2::int`,
    versions: `select name, version::text as version from ${secret} where scope = $1::text`,

    insert: `with ${ring('$6')}, head as (
        insert into ${secret} (scope, name, version, sealed)
        select $1::text, $2::text, $3::text::bigint, $4::bytea where exists (select from pass)
        on conflict (scope, name) do nothing returning 1
      ), ${told('$5')}
      ${outcome}, (select count(*) from told) as told`,
    // The live version is locked before it is read: what is kept of it is what the row held when it was replaced.
    update: `with ${ring('$6')}, live as materialized (
        select version, sealed from ${secret}
        where scope = $1::text and name = $2::text and version = $7::text::bigint and exists (select from pass)
        for update
      ), head as (
        update ${secret} set version = $3::text::bigint, sealed = $4::bytea
        where scope = $1::text and name = $2::text and exists (select from live)
        returning 1
      ), kept as (
        insert into ${version} (scope, name, version, sealed)
        select $1::text, $2::text, version, sealed from live where exists (select from head) and $8::int > 0
        on conflict (scope, name, version) do update set sealed = excluded.sealed
      ), trimmed as (
        delete from ${version} where scope = $1::text and name = $2::text and exists (select from head)
          and (version <> $7::text::bigint or $8::int = 0) and version not in (
            select version from ${version} where scope = $1::text and name = $2::text and version < $7::text::bigint
            order by version desc limit greatest($8::int - 1, 0)
          )
      ), ${told('$5')}
      ${outcome}, (select count(*) from told) as told`,
    replace: `with ${ring('$6')}, head as (
        update ${secret} set sealed = $4::bytea
        where scope = $1::text and name = $2::text and version = $3::text::bigint and exists (select from pass)
        returning 1
      ), older as (
        update ${version} v set sealed = decode(n.pair ->> 1, 'hex')
        from jsonb_array_elements($5::text::jsonb) as n(pair)
        where v.scope = $1::text and v.name = $2::text and v.version = (n.pair ->> 0)::bigint
          and exists (select from head)
      )
      ${outcome}`,
    remove: `with head as (
        delete from ${secret}
        where scope = $1::text and name = $2::text and ($4::text is null or version = $4::text::bigint)
        returning 1
      ), ${told('$3')}
      select exists (select from head) as removed, (select count(*) from told) as told`,

    readKeyring: `select revision::text as revision, document from ${keyring} where id = 1`,
    insertKeyring: `insert into ${keyring} (id, revision, document) values (1, $1::text::bigint, $2::bytea)
      on conflict (id) do nothing returning 1`,
    updateKeyring: `update ${keyring} set revision = $1::text::bigint, document = $2::bytea
      where id = 1 and revision = $3::text::bigint returning 1`,
  }
}
