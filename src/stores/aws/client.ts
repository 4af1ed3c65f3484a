/** What Secrets Manager is asked, and what its answers say. */
import type {
  BatchGetSecretValueResponse,
  DescribeSecretResponse,
  GetSecretValueResponse,
  ListSecretsResponse,
  SecretValueEntry,
} from '@aws-sdk/client-secrets-manager'
import type { SecretAddress } from '../../secret.ts'
import { allOf } from '../batches.ts'
import { ACCESS_DENIED, answerError, BAD_REQUEST, batchError, NOT_FOUND, STORE } from './failure.ts'
import type { Refusal } from './failure.ts'
import { awsNameOf } from './place.ts'
import { ABSENT, isEnded } from './record.ts'
import type { Found, LiveVersion } from './record.ts'
import { isRefusal } from './sdk.ts'
import type { Call, Requests } from './sdk.ts'

type Signals = readonly AbortSignal[]

/** What Secrets Manager tells of a secret without its values. */
interface Labels {
  readonly arn: string
  readonly isDeleted: boolean
  /** The version that has AWSCURRENT; left out where there is no value yet. */
  readonly current?: string
  readonly previous?: string
}

/** One secret of a list. */
export interface Entry {
  readonly awsName: string
  /** The version that has AWSCURRENT, as the list tells it, which may be late. */
  readonly current: string | undefined
}

/** Reads from Secrets Manager. */
export interface AwsReader {
  /** Reads what stands under a name now. */
  find(address: SecretAddress, signals: Signals): Promise<Found>
  /** The same for several, in order. One round trip for 20, where the credentials may do that. */
  findAll(addresses: readonly SecretAddress[], signals: Signals): Promise<Found[]>
  /** Reads one version of one life of a secret; `undefined` if it is gone. */
  readVersion(address: SecretAddress, arn: string, version: string, signals: Signals): Promise<LiveVersion | undefined>
  /** Tells the versions of a secret; `undefined` if it is not there. */
  labels(address: SecretAddress, signals: Signals, arn?: string): Promise<Labels | undefined>
  /** Lists what is called so, in no order. */
  entries(beginning: string, signals: Signals): AsyncGenerator<Entry>
}

export const CURRENT = 'AWSCURRENT'
const PREVIOUS = 'AWSPREVIOUS'
/** How many secrets one request may read. */
const BATCH = 20
const PAGE = 100

/** Makes what reads for one store. */
export function awsReader({ perform }: Requests, prefix: string): AwsReader {
  let mayBatch = true

  /** A secret that is to be deleted is absent. What else AWS calls a bad request is a failure, so it is asked about. */
  const foundBy = async (refusal: Refusal, address: SecretAddress, signals: Signals): Promise<Found> => {
    if (refusal.refused === NOT_FOUND) return ABSENT
    if (refusal.refused !== BAD_REQUEST) throw refusal.error
    const labels = await reader.labels(address, signals)
    if (labels === undefined || labels.isDeleted) return ABSENT
    throw refusal.error
  }

  const findBatch = async (addresses: readonly SecretAddress[], signals: Signals): Promise<Found[]> => {
    if (!mayBatch || addresses.length === 1) return allOf(addresses, (address) => reader.find(address, signals))
    const names = addresses.map((address) => awsNameOf(prefix, address))
    const subject = { store: STORE }
    const call = { doing: `read ${names.length} secrets`, subject, signals }
    const values = new Map<string, SecretValueEntry>()
    const errors = new Map<string, string>()
    let token: string | undefined
    do {
      const input = { SecretIdList: names, ...(token === undefined ? {} : { NextToken: token }) }
      const answer = await perform<BatchGetSecretValueResponse>(
        ({ BatchGetSecretValueCommand }) => new BatchGetSecretValueCommand(input),
        call,
      )
      if (isRefusal(answer)) {
        if (answer.refused !== ACCESS_DENIED) throw answer.error
        // Whether the secrets may be read one by one is another right.
        mayBatch = false
        return findBatch(addresses, signals)
      }
      for (const entry of answer.SecretValues ?? []) values.set(entry.Name ?? '', entry)
      for (const { SecretId = '', ErrorCode = '' } of answer.Errors ?? []) errors.set(SecretId, ErrorCode)
      token = nextToken(answer.NextToken, token, call)
    } while (token !== undefined)

    return allOf(addresses, async (address) => {
      const name = awsNameOf(prefix, address)
      const doing = doingRead(address)
      const entry = values.get(name)
      // The batch has no parameter for the stage.
      if (entry !== undefined && !entry.VersionStages?.includes(CURRENT)) return reader.find(address, signals)
      if (entry !== undefined) return foundIn(entry, { doing, subject: address, signals })
      const refused = errors.get(name)
      // Neither there nor refused: then it is not known.
      if (refused === undefined) throw answerError(doing, address)
      return foundBy({ refused, once: false, error: batchError(refused, doing, address) }, address, signals)
    })
  }

  const reader: AwsReader = {
    async find(address, signals) {
      const call = { doing: doingRead(address), subject: address, signals }
      const input = { SecretId: awsNameOf(prefix, address), VersionStage: CURRENT }
      const answer = await perform<GetSecretValueResponse>(
        ({ GetSecretValueCommand }) => new GetSecretValueCommand(input),
        call,
      )
      return isRefusal(answer) ? foundBy(answer, address, signals) : foundIn(answer, call)
    },

    async findAll(addresses, signals) {
      const found: Found[] = []
      for (let start = 0; start < addresses.length; start += BATCH) {
        found.push(...(await findBatch(addresses.slice(start, start + BATCH), signals)))
      }
      return found
    },

    async readVersion(address, arn, version, signals) {
      const call = { doing: doingRead(address), subject: address, signals }
      const answer = await perform<GetSecretValueResponse>(
        ({ GetSecretValueCommand }) => new GetSecretValueCommand({ SecretId: arn, VersionId: version }),
        call,
      )
      if (!isRefusal(answer)) return liveIn(answer, call)
      const found = await foundBy(answer, address, signals)
      return found.kind === 'live' ? found.live : undefined
    },

    async labels(address, signals, arn) {
      const call = { doing: `look at secret ${address.secret} (scope ${address.scope})`, subject: address, signals }
      const input = { SecretId: arn ?? awsNameOf(prefix, address) }
      const answer = await perform<DescribeSecretResponse>(
        ({ DescribeSecretCommand }) => new DescribeSecretCommand(input),
        call,
      )
      if (isRefusal(answer)) {
        if (answer.refused === NOT_FOUND) return undefined
        throw answer.error
      }
      const { ARN, DeletedDate, VersionIdsToStages = {} } = answer
      if (typeof ARN !== 'string') throw answerError(call.doing, address)
      const current = labelled(VersionIdsToStages, CURRENT)
      const previous = labelled(VersionIdsToStages, PREVIOUS)
      return {
        arn: ARN,
        isDeleted: DeletedDate !== undefined,
        ...(current === undefined ? {} : { current }),
        ...(previous === undefined ? {} : { previous }),
      }
    },

    async *entries(beginning, signals) {
      const call = { doing: 'list secrets', subject: { store: STORE }, signals }
      let token: string | undefined
      do {
        const input = {
          MaxResults: PAGE,
          ...(beginning === '' ? {} : { Filters: [{ Key: 'name' as const, Values: [beginning] }] }),
          ...(token === undefined ? {} : { NextToken: token }),
        }
        const answer = await perform<ListSecretsResponse>(
          ({ ListSecretsCommand }) => new ListSecretsCommand(input),
          call,
        )
        if (isRefusal(answer)) throw answer.error
        if (!Array.isArray(answer.SecretList)) throw answerError(call.doing, call.subject)
        for (const { Name, SecretVersionsToStages = {} } of answer.SecretList) {
          if (typeof Name !== 'string') throw answerError(call.doing, call.subject)
          if (Name.startsWith(beginning)) yield { awsName: Name, current: labelled(SecretVersionsToStages, CURRENT) }
        }
        token = nextToken(answer.NextToken, token, call)
      } while (token !== undefined)
    },
  }
  return reader
}

function doingRead({ secret, scope }: SecretAddress): string {
  return `read secret ${secret} (scope ${scope})`
}

function labelled(stages: Readonly<Record<string, readonly string[] | undefined>>, label: string): string | undefined {
  return Object.keys(stages).find((version) => stages[version]?.includes(label))
}

/** A page that leads to itself would be read for ever. */
function nextToken(next: string | undefined, last: string | undefined, call: Call): string | undefined {
  if (next === undefined || next === '') return undefined
  if (next === last) throw answerError(call.doing, call.subject)
  return next
}

function foundIn(answer: Partial<SecretValueEntry>, call: Call): Found {
  const live = liveIn(answer, call)
  return isEnded(live.version) ? { kind: 'ended', arn: live.arn } : { kind: 'live', live }
}

function liveIn(answer: Partial<SecretValueEntry>, { doing, subject }: Call): LiveVersion {
  const { ARN: arn, VersionId: version, SecretString: text, SecretBinary: binary, CreatedDate: date } = answer
  const isWhole = typeof arn === 'string' && typeof version === 'string'
  if (!isWhole || (typeof text !== 'string' && binary === undefined)) throw answerError(doing, subject)
  const createdAt = date instanceof Date && !Number.isNaN(date.getTime()) ? date.getTime() : undefined
  return { arn, version, text: typeof text === 'string' ? text : undefined, createdAt }
}
