/** The tables of the store: what they are called, and how they are made. */
import { createHash } from 'node:crypto'

/** The tables of one store, with their schema, as SQL writes them, and its channel. */
export interface Tables {
  /** One row for each secret: its live version, so that a read looks at one table. */
  readonly secret: string
  /** One row for each older version that is kept. */
  readonly version: string
  /** One row: the keyring. */
  readonly keyring: string
  /** Where changes are told. */
  readonly channel: string
}

/** What schema and prefix may be: what needs no thought about case and length. */
export const IDENTIFIER = /^[a-z_][a-z0-9_]{0,39}$/

/** Gives the names of the tables. */
export function tablesOf(schema: string, prefix: string): Tables {
  const table = (name: string): string => `"${schema}"."${prefix}_${name}"`
  const hash = createHash('sha256').update(`${schema}.${prefix}`).digest('hex')
  return {
    secret: table('secret'),
    version: table('version'),
    keyring: table('keyring'),
    channel: `latchkey_${hash.slice(0, 16)}`,
  }
}

/** Two hosts that migrate at the same time wait for each other by this number. */
const MIGRATION_LOCK = '7237114390421'

/**
 * Gives the one statement that makes the tables, if they are not there. Names are compared by their bytes, so that lists
 * are sorted alike wherever the database stands.
 */
export function migration(schema: string, { secret, version, keyring }: Tables): string {
  return `do $latchkey$
begin
  perform pg_advisory_xact_lock(${MIGRATION_LOCK});
  if to_regnamespace('"${schema}"') is null then
    create schema "${schema}";
  end if;
  create table if not exists ${secret} (
    scope text collate "C" not null,
    name text collate "C" not null,
    version bigint not null,
    sealed bytea not null,
    primary key (scope, name)
  );
  create table if not exists ${version} (
    scope text collate "C" not null,
    name text collate "C" not null,
    version bigint not null,
    sealed bytea not null,
    primary key (scope, name, version),
    foreign key (scope, name) references ${secret} (scope, name) on delete cascade
  );
  create table if not exists ${keyring} (
    id smallint primary key check (id = 1),
    revision bigint not null,
    document bytea not null
  );
end
$latchkey$`
}
