/** The verbs of an AWS store that write. */
import { randomUUID } from 'node:crypto'
import { isLatchkeyError, StoreError } from '../../errors.ts'
import { checkedValues } from '../../secret.ts'
import type { SecretAddress } from '../../secret.ts'
import type { WritableSecretStore } from '../../store.ts'
import { infoAnswer } from '../answer.ts'
import type { RenamedKeys } from '../foreign.ts'
import { mapOf, replacing } from '../pair-map.ts'
import type { PairMap } from '../pair-map.ts'
import { assertOptions, assertVersion, checkedScope, checkedSet, checkedVersion } from '../request.ts'
import type { Timing } from '../timing.ts'
import type { AwsReader } from './client.ts'
import { STORE } from './failure.ts'
import { ABSENT, endedVersion, mapIn, secretIn, textOf } from './record.ts'
import type { Found, LiveVersion } from './record.ts'
import { keptVersions } from './versions.ts'
import type { AwsWriter, VersionId } from './writer.ts'

/** The verbs that write, and those that look at older versions. */
export type WritingVerbs = Required<Pick<WritableSecretStore, 'set' | 'delete' | 'history' | 'rollback'>>

/** What writing needs to know of the store. */
export interface WritingParts {
  /** Throws if the store is closed. */
  readonly assertOpen: () => void
  readonly reader: AwsReader
  readonly writer: AwsWriter
  readonly rename: RenamedKeys
  readonly timing: Timing
  readonly closed: AbortSignal
  /** Lets `close` wait for a write. */
  readonly finishing: <T>(write: () => Promise<T>) => Promise<T>
}

/** Another version than the one that a write was made for is current. */
const OVERTAKEN = 'overtaken'
/** How often a write is tried that others were quicker than. Each time, one of them has written. */
const MOST_ATTEMPTS = 100
const LONGEST_PAUSE_MS = 50
/** AWS deletes in the background: the name of a secret that is gone may be taken a little longer. */
const MOST_WAITS = 6
const FIRST_WAIT_MS = 250
const NONE: readonly AbortSignal[] = []
const NEVER_ABORTED = /* @__PURE__ */ new AbortController().signal
const NO_VALUES = Object.freeze({})

/** Makes the verbs that write. */
export function writingVerbs(parts: WritingParts): WritingVerbs {
  const { assertOpen, reader, writer, rename, timing, closed, finishing } = parts

  /** Looks what is there and acts on it, until nobody was quicker. */
  const untilDone = async <T extends object>(
    address: SecretAddress,
    act: (found: Found) => Promise<T | typeof OVERTAKEN>,
    assumed?: Found,
  ): Promise<T> => {
    let found = assumed ?? (await reader.find(address, NONE))
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const done = await act(found)
      if (done !== OVERTAKEN) return done
      if (attempt > 1) await timing.delay(timing.random() * LONGEST_PAUSE_MS, NEVER_ABORTED)
      found = await reader.find(address, NONE)
    }
    const message = `Could not write secret ${address.secret} (scope ${address.scope}): others write it all the time.`
    throw new StoreError('UNAVAILABLE', message, { ...address })
  }

  /**
   * Puts a version and makes it the current one in place of exactly `from`. What was put before and is the same is not
   * put as another one: AWS keeps 100 versions in 24 hours.
   */
  const promoteNew = async (
    address: SecretAddress,
    wanted: VersionId,
    text: string,
    from: string | undefined,
    staged: Map<string, VersionId>,
  ): Promise<VersionId | typeof OVERTAKEN> => {
    const content = `${wanted.arn} ${text}`
    const target = staged.get(content) ?? wanted
    staged.set(content, target)
    if ((await writer.stage(address, target, text)) === 'gone') return OVERTAKEN
    return (await writer.promote(address, target, from)) === 'promoted' ? target : OVERTAKEN
  }

  const create = async (
    address: SecretAddress,
    text: string,
    staged: Map<string, VersionId>,
  ): Promise<VersionId | typeof OVERTAKEN> => {
    for (let wait = 0; ; wait += 1) {
      const version = randomUUID()
      const created = await writer.create(address, version, text)
      if (typeof created === 'object') return created
      if (created === 'exists') {
        const labels = await reader.labels(address, NONE)
        // A secret without a value, as deployments make them for others to fill.
        if (labels === undefined || labels.isDeleted || labels.current !== undefined) return OVERTAKEN
        return promoteNew(address, { arn: labels.arn, version }, text, undefined, staged)
      }
      if (wait === MOST_WAITS) throw nameTaken(address)
      await timing.delay(FIRST_WAIT_MS * 2 ** wait, NEVER_ABORTED)
    }
  }

  /** Takes our label off what was staged. Whoever writes next does the same, so that it failed harms nobody. */
  const unlabelAll = async (address: SecretAddress, staged: ReadonlyMap<string, VersionId>): Promise<void> => {
    for (const target of staged.values()) {
      try {
        await writer.unlabel(address, target)
      } catch (error) {
        if (!isLatchkeyError(error)) throw error
      }
    }
  }

  /** Writes what `build` makes of what is there, over exactly that. */
  const replace = async (
    address: SecretAddress,
    build: (live: LiveVersion | undefined) => PairMap,
    assumed?: Found,
  ): Promise<LiveVersion> => {
    const staged = new Map<string, VersionId>()
    try {
      return await untilDone(
        address,
        async (found) => {
          const live = found.kind === 'live' ? found.live : undefined
          const text = textOf(build(live), address)
          // Nobody writes over a version that a delete began with, or the end of that delete would take it along.
          if (found.kind === 'ended') await writer.remove(address, found.arn)
          const written =
            live === undefined
              ? await create(address, text, staged)
              : await promoteNew(address, { arn: live.arn, version: randomUUID() }, text, live.version, staged)
          return written === OVERTAKEN ? written : { ...written, text, createdAt: await dateOf(address, written) }
        },
        assumed,
      )
    } finally {
      await unlabelAll(address, staged)
    }
  }

  /** Reads when a version was written. It was: that its date could not be read must not look like a failure. */
  const dateOf = async (address: SecretAddress, { arn, version }: VersionId): Promise<number | undefined> => {
    try {
      return (await reader.readVersion(address, arn, version, NONE))?.createdAt
    } catch (error) {
      if (!isLatchkeyError(error)) throw error
      return undefined
    }
  }

  const answered = (written: LiveVersion, address: SecretAddress) => infoAnswer(secretIn(written, rename, address))

  return {
    async set(name, values, options) {
      assertOpen()
      const { address, ifVersion, mode, description } = checkedSet(STORE, name, options)
      const given = checkedValues(values, address)
      const map = mapOf(given, description, rename, address)
      // Before anything is asked.
      textOf(map, address)
      const build = (live: LiveVersion | undefined): PairMap => {
        assertVersion(live?.version, ifVersion, address)
        if (live === undefined) return map
        // What is there may be anything, unless its writer has read it.
        if (mode === 'replace') return typeof ifVersion === 'string' ? replacing(map, mapIn(live, address)) : map
        const merged = mapOf(given, description, rename, address, mapIn(live, address))
        secretIn({ ...live, text: JSON.stringify(merged) }, rename, address)
        return merged
      }
      // Who creates a secret mostly finds nothing there, and AWS checks that itself.
      const assumed = ifVersion === null ? ABSENT : undefined
      return finishing(async () => answered(await replace(address, build, assumed), address))
    },

    // AWS deletes a secret whatever its version. So with `ifVersion`, a version that says so is first made current in place
    // of exactly the one that is to go; and what is deleted then is named by its ARN, which no later secret has.
    async delete(name, options) {
      assertOpen()
      assertOptions('delete', options, ['scope', 'ifVersion'])
      const address = { store: STORE, scope: checkedScope(name, options), secret: name }
      const ifVersion = checkedVersion('delete', options?.ifVersion)
      return finishing(async () => {
        const staged = new Map<string, VersionId>()
        const { existed } = await untilDone(address, async (found) => {
          const live = found.kind === 'live' ? found.live : undefined
          assertVersion(live?.version, ifVersion, address)
          if (found.kind === 'ended') await writer.remove(address, found.arn)
          if (live === undefined) return { existed: false }
          if (ifVersion === undefined) return { existed: await writer.remove(address, live.arn) }
          const target = { arn: live.arn, version: endedVersion(randomUUID()) }
          const ended = await promoteNew(address, target, '{}', live.version, staged)
          if (ended === OVERTAKEN) return ended
          staged.clear()
          await writer.remove(address, live.arn)
          return { existed: true }
        }).finally(() => unlabelAll(address, staged))
        return existed
      })
    },

    async history(name, options) {
      assertOpen()
      assertOptions('history', options, ['scope', 'signal'])
      const address = { store: STORE, scope: checkedScope(name, options), secret: name }
      options?.signal?.throwIfAborted()
      const signals = options?.signal === undefined ? [closed] : [closed, options.signal]
      const versions = await keptVersions(reader, address, signals)
      return versions.map((version) => answered(version, address))
    },

    async rollback(name, version, options) {
      assertOpen()
      assertOptions('rollback', options, ['scope'])
      const address = { store: STORE, scope: checkedScope(name, options), secret: name }
      return finishing(async () => {
        const older = (await keptVersions(reader, address, NONE)).find((kept) => kept.version === version)
        if (older === undefined) throw notKept(address)
        const map = mapOf(NO_VALUES, undefined, rename, address, mapIn(older, address))
        const build = (live: LiveVersion | undefined): PairMap => {
          // Deleted meanwhile, and its history with it.
          if (live?.arn !== older.arn) throw notKept(address)
          return map
        }
        return answered(await replace(address, build), address)
      })
    },
  }
}

function notKept(address: SecretAddress): StoreError {
  const message = `Secret ${address.secret} (scope ${address.scope}) has no such version, or it is no longer kept.`
  return new StoreError('INVALID', message, { ...address, hint: 'history() lists the versions that are kept.' })
}

function nameTaken(address: SecretAddress): StoreError {
  return new StoreError(
    'INVALID',
    `Secret ${address.secret} (scope ${address.scope}) was deleted, and AWS keeps its name for as long as it can be recovered.`,
    { ...address, hint: 'Restore it, or delete it without recovery, in Secrets Manager.' },
  )
}
