/**
 * The state of a Secrets Manager, as its API reference documents it: staging labels that move in one step, idempotent
 * request tokens, 64 KiB, 20 labels, deletion windows, pages.
 */
import { randomBytes, randomUUID } from 'node:crypto'

/** What a request is answered with: a body, or an error's name. */
export type Outcome = { readonly body: object } | { readonly error: string }

interface Version {
  readonly text?: string | undefined
  /** Base64. */
  readonly binary?: string | undefined
  /** Seconds since 1970. */
  readonly created: number
  labels: string[]
}

interface Life {
  readonly arn: string
  readonly name: string
  readonly kmsKeyId: string | undefined
  readonly versions: Map<string, Version>
  /** Seconds since 1970; left out if it is not to be deleted. */
  deleted?: number
}

type Input = Readonly<Record<string, unknown>>

/** Gives a text of a request; the empty string if it is none. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The state, and how it may be made worse. */
export interface SecretsManager {
  readonly lives: Map<string, Life>
  /** True: a version that loses its last label is gone at once, as it may be. */
  deprecatedGo: boolean
  /** How many versions a secret may have. */
  mostVersions: number
  /** How many times a name that was deleted without recovery is refused before it can be used again. */
  leavingFor: number
  /** Names, or parts of them, whose values these credentials may not read. */
  forbidden: RegExp | undefined
  /** What a list shows while it lags: the names of then. */
  laggingList: readonly object[] | undefined
  act(operation: string, input: Input): Outcome
  /** What the current version holds. */
  current(name: string): string | undefined
  /** Labels by version, unlabelled ones with an empty list. */
  labels(name: string): Record<string, string[]>
}

const CURRENT = 'AWSCURRENT'
const PREVIOUS = 'AWSPREVIOUS'

/** Makes an empty one. */
export function emptySecretsManager(): SecretsManager {
  const lives = new Map<string, Life>()
  const leaving = new Map<string, number>()

  const find = (id: unknown): Life | undefined => {
    const text = textOf(id)
    if (!text.startsWith('arn:')) return lives.get(text)
    return [...lives.values()].find(({ arn }) => arn === text)
  }
  const holder = (life: Life, label: string): [string, Version] | undefined =>
    [...life.versions].find(([, { labels }]) => labels.includes(label))

  const dropUnlabelled = (life: Life): void => {
    if (!state.deprecatedGo) return
    for (const [id, { labels }] of life.versions) if (labels.length === 0) life.versions.delete(id)
  }
  const take = (life: Life, label: string): string | undefined => {
    const held = holder(life, label)
    if (held === undefined) return undefined
    held[1].labels = held[1].labels.filter((one) => one !== label)
    return held[0]
  }
  const give = (life: Life, label: string, id: string): void => {
    const from = take(life, label)
    life.versions.get(id)?.labels.push(label)
    if (label === CURRENT && from !== undefined && from !== id) {
      take(life, PREVIOUS)
      life.versions.get(from)?.labels.push(PREVIOUS)
    }
    // The version that becomes current is not the previous one any more.
    const version = life.versions.get(id)
    if (label === CURRENT && version !== undefined) version.labels = version.labels.filter((one) => one !== PREVIOUS)
  }

  const entryOf = (life: Life, id: string, version: Version): object => ({
    ARN: life.arn,
    Name: life.name,
    VersionId: id,
    VersionStages: version.labels,
    CreatedDate: version.created,
    ...(version.text === undefined ? { SecretBinary: version.binary } : { SecretString: version.text }),
  })
  const read = (input: Input): Outcome => {
    const life = find(input['SecretId'])
    if (life === undefined) return { error: 'ResourceNotFoundException' }
    if (state.forbidden?.test(life.name)) return { error: 'AccessDeniedException' }
    if (life.deleted !== undefined) return { error: 'InvalidRequestException' }
    const label = textOf(input['VersionStage'] ?? CURRENT)
    const id = textOf(input['VersionId'] ?? holder(life, label)?.[0])
    const version = life.versions.get(id)
    return version === undefined ? { error: 'ResourceNotFoundException' } : { body: entryOf(life, id, version) }
  }

  const contentOf = (input: Input): Pick<Version, 'text' | 'binary'> | undefined => {
    const { SecretString: text, SecretBinary: binary } = input as { SecretString?: string; SecretBinary?: string }
    return text === undefined && binary === undefined ? undefined : { text, binary }
  }
  const isTooLarge = (input: Input): boolean => Buffer.byteLength(textOf(input['SecretString'])) > 65_536

  const operations: Readonly<Record<string, (input: Input) => Outcome>> = {
    GetSecretValue: read,

    BatchGetSecretValue(input) {
      const ids = input['SecretIdList'] as string[]
      if (ids.length > 20) return { error: 'ValidationException' }
      const values: object[] = []
      const errors: object[] = []
      // Pages, as a large answer has them.
      const start = Number(input['NextToken'] ?? 0)
      for (const id of ids.slice(start, start + 10)) {
        const outcome = read({ SecretId: id })
        if ('body' in outcome) values.push(outcome.body)
        else errors.push({ SecretId: id, ErrorCode: outcome.error, Message: 'canary-message' })
      }
      const next = start + 10 < ids.length ? { NextToken: String(start + 10) } : {}
      return { body: { SecretValues: values, Errors: errors, ...next } }
    },

    DescribeSecret(input) {
      const life = find(input['SecretId'])
      if (life === undefined) return { error: 'ResourceNotFoundException' }
      return { body: { ...describe(life), VersionIdsToStages: labelsOf(life) } }
    },

    ListSecrets(input) {
      const filters = (input['Filters'] ?? []) as { Key: string; Values: string[] }[]
      const beginning = filters[0]?.Values[0] ?? ''
      if (filters.length > 0 && !/^!?[a-zA-Z0-9 :_@/+=.!-]{1,512}$/.test(beginning))
        return { error: 'ValidationException' }
      const all = state.laggingList ?? listed()
      const matching = all.filter((entry) => (entry as { Name: string }).Name.startsWith(beginning))
      const size = Math.min(Number(input['MaxResults'] ?? 100), 100)
      const start = Number(input['NextToken'] ?? 0)
      const next = start + size < matching.length ? { NextToken: String(start + size) } : {}
      return { body: { SecretList: matching.slice(start, start + size), ...next } }
    },

    CreateSecret(input) {
      const name = textOf(input['Name'])
      const token = textOf(input['ClientRequestToken'] ?? randomUUID())
      const content = contentOf(input)
      if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name) || isTooLarge(input) || !isToken(token)) {
        return { error: 'InvalidParameterException' }
      }
      const waits = leaving.get(name) ?? 0
      if (waits > 0) {
        leaving.set(name, waits - 1)
        return { error: 'InvalidRequestException' }
      }
      const existing = lives.get(name)
      if (existing?.deleted !== undefined) return { error: 'InvalidRequestException' }
      if (existing !== undefined) {
        const same = existing.versions.get(token)
        if (same === undefined || same.text !== content?.text) return { error: 'ResourceExistsException' }
        return { body: { ARN: existing.arn, Name: name, VersionId: token } }
      }
      const arn = `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${name}-${randomBytes(3).toString('hex')}`
      const life: Life = { arn, name, kmsKeyId: input['KmsKeyId'] as string | undefined, versions: new Map() }
      if (content !== undefined) life.versions.set(token, { ...content, created: now(), labels: [CURRENT] })
      lives.set(name, life)
      return { body: { ARN: arn, Name: name, ...(content === undefined ? {} : { VersionId: token }) } }
    },

    PutSecretValue(input) {
      const life = find(input['SecretId'])
      if (life === undefined) return { error: 'ResourceNotFoundException' }
      if (life.deleted !== undefined) return { error: 'InvalidRequestException' }
      const token = textOf(input['ClientRequestToken'] ?? randomUUID())
      if (isTooLarge(input) || !isToken(token)) return { error: 'InvalidParameterException' }
      const content = contentOf(input) ?? {}
      const same = life.versions.get(token)
      if (same !== undefined) {
        if (same.text !== content.text) return { error: 'ResourceExistsException' }
        return { body: { ARN: life.arn, Name: life.name, VersionId: token, VersionStages: same.labels } }
      }
      if (life.versions.size >= state.mostVersions) return { error: 'LimitExceededException' }
      const labels = (input['VersionStages'] as string[] | undefined) ?? [CURRENT]
      const isFirst = life.versions.size === 0
      life.versions.set(token, { ...content, created: now(), labels: [] })
      for (const label of isFirst ? new Set([...labels, CURRENT]) : labels) give(life, label, token)
      dropUnlabelled(life)
      return { body: { ARN: life.arn, Name: life.name, VersionId: token, VersionStages: labels } }
    },

    UpdateSecretVersionStage(input) {
      const life = find(input['SecretId'])
      if (life === undefined) return { error: 'ResourceNotFoundException' }
      if (life.deleted !== undefined) return { error: 'InvalidRequestException' }
      const label = textOf(input['VersionStage'])
      const to = input['MoveToVersionId'] as string | undefined
      const from = input['RemoveFromVersionId'] as string | undefined
      const held = holder(life, label)?.[0]
      if (to !== undefined && !life.versions.has(to)) return { error: 'ResourceNotFoundException' }
      if (from !== undefined && from !== held) return { error: 'InvalidParameterException' }
      if (from === undefined && held !== undefined && held !== to) return { error: 'InvalidParameterException' }
      if (to === undefined) take(life, label)
      else give(life, label, to)
      dropUnlabelled(life)
      return { body: { ARN: life.arn, Name: life.name } }
    },

    DeleteSecret(input) {
      const life = find(input['SecretId'])
      const isForced = input['ForceDeleteWithoutRecovery'] === true
      const days = Number(input['RecoveryWindowInDays'] ?? 30)
      if (isForced && input['RecoveryWindowInDays'] !== undefined) return { error: 'InvalidParameterException' }
      if (days < 7 || days > 30) return { error: 'InvalidParameterException' }
      if (life === undefined) {
        return isForced ? { body: { DeletionDate: now() } } : { error: 'ResourceNotFoundException' }
      }
      if (life.deleted !== undefined && !isForced) return { error: 'InvalidRequestException' }
      if (isForced) {
        lives.delete(life.name)
        leaving.set(life.name, state.leavingFor)
      } else life.deleted = now()
      return { body: { ARN: life.arn, Name: life.name, DeletionDate: now() + days * 86_400 } }
    },
  }

  const describe = (life: Life): object => ({
    ARN: life.arn,
    Name: life.name,
    ...(life.kmsKeyId === undefined ? {} : { KmsKeyId: life.kmsKeyId }),
    ...(life.deleted === undefined ? {} : { DeletedDate: life.deleted }),
  })
  const labelsOf = (life: Life): Record<string, string[]> =>
    Object.fromEntries([...life.versions].flatMap(([id, { labels }]) => (labels.length === 0 ? [] : [[id, labels]])))
  const listed = (): object[] =>
    [...lives.values()]
      .filter(({ deleted }) => deleted === undefined)
      .map((life) => ({ ...describe(life), SecretVersionsToStages: labelsOf(life) }))

  const state: SecretsManager = {
    lives,
    deprecatedGo: false,
    mostVersions: 100,
    leavingFor: 0,
    forbidden: undefined,
    laggingList: undefined,
    act: (operation, input) => operations[operation]?.(input) ?? { error: 'InvalidAction' },
    current(name) {
      const life = lives.get(name)
      return life === undefined ? undefined : holder(life, CURRENT)?.[1].text
    },
    labels(name) {
      const versions = lives.get(name)?.versions ?? new Map<string, Version>()
      return Object.fromEntries([...versions].map(([id, { labels }]) => [id, labels]))
    },
  }
  return state
}

function isToken(token: string): boolean {
  return token.length >= 32 && token.length <= 64
}

function now(): number {
  return Math.round(Date.now()) / 1000
}
