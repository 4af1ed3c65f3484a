/**
 * The steps of which writes are made.
 *
 * Secrets Manager writes a version without looking at the one before. What it does exactly is to move a staging label from
 * a version that the request names. So a version is first put under a label of our own, which no reader looks at, and then
 * gets AWSCURRENT, from the version that it was made for: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
 *
 * All writers share the one label. The next version that is put takes it from the one before, so what a writer leaves that
 * was ended between the two steps is at most one version, which the next write unlabels.
 */
import type {
  CreateSecretResponse,
  DeleteSecretResponse,
  PutSecretValueResponse,
  UpdateSecretVersionStageResponse,
} from '@aws-sdk/client-secrets-manager'
import { StoreError } from '../../errors.ts'
import type { SecretAddress } from '../../secret.ts'
import { CURRENT } from './client.ts'
import type { AwsReader } from './client.ts'
import { answerError, BAD_PARAMETER, BAD_REQUEST, EXISTS, NOT_FOUND } from './failure.ts'
import type { Refusal } from './failure.ts'
import { awsNameOf } from './place.ts'
import { isRefusal } from './sdk.ts'
import type { Call, Requests } from './sdk.ts'
import type { AwsSettings } from './settings.ts'

/** The label of versions that are not current yet. */
const PENDING = 'latchkey-pending'

/** A version of one life of a secret. */
export interface VersionId {
  readonly arn: string
  readonly version: string
}

/** The steps of writes. Nothing ends them but their time-out: what was begun is finished. */
export interface AwsWriter {
  /** Makes a secret. `exists`: there is one; `leaving`: one of that name is being deleted. */
  create(address: SecretAddress, version: string, text: string): Promise<VersionId | 'exists' | 'leaving'>
  /** Puts a version that is not current yet. `gone`: the secret is not there any more. */
  stage(address: SecretAddress, target: VersionId, text: string): Promise<'staged' | 'gone'>
  /**
   * Makes a staged version the current one in place of exactly `from`; `undefined`: of none. `overtaken`: another one is
   * current, or the staged version is gone.
   */
  promote(address: SecretAddress, target: VersionId, from: string | undefined): Promise<'promoted' | 'overtaken'>
  /** Takes our label off a version, if it is still there. */
  unlabel(address: SecretAddress, target: VersionId): Promise<void>
  /** Deletes one life of a secret. False: it was not there. */
  remove(address: SecretAddress, arn: string): Promise<boolean>
}

const UNENDED: readonly AbortSignal[] = []

/** Makes what writes for one store. */
export function awsWriter({ perform }: Requests, reader: AwsReader, settings: AwsSettings): AwsWriter {
  const { prefix, kmsKeyId, recoveryWindowDays } = settings
  /** `isFelt`: readers see it when it is done. */
  const callOf = (address: SecretAddress, isFelt: boolean, verb = 'write'): Call => ({
    doing: `${verb} secret ${address.secret} (scope ${address.scope})`,
    subject: address,
    signals: UNENDED,
    writes: isFelt,
  })
  /** Gives `gone` if a request was refused because the secret is not there any more, or is to be deleted. */
  const unlessThere = async <T>(refusal: Refusal, address: SecretAddress, arn: string, gone: T): Promise<T> => {
    if (refusal.refused === NOT_FOUND) return gone
    if (refusal.refused !== BAD_REQUEST) throw refusal.error
    const labels = await reader.labels(address, UNENDED, arn)
    if (labels === undefined || labels.isDeleted) return gone
    throw refusal.error
  }

  return {
    async create(address, version, text) {
      const call = callOf(address, true)
      const input = {
        Name: awsNameOf(prefix, address),
        ClientRequestToken: version,
        SecretString: text,
        ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
      }
      const answer = await perform<CreateSecretResponse>(
        ({ CreateSecretCommand }) => new CreateSecretCommand(input),
        call,
      )
      if (!isRefusal(answer)) {
        if (typeof answer.ARN !== 'string') throw answerError(call.doing, address)
        return { arn: answer.ARN, version }
      }
      if (answer.refused === BAD_REQUEST) return 'leaving'
      if (answer.refused !== EXISTS) throw answer.error
      if (answer.once) return 'exists'
      // An attempt before this one may have made it.
      const labels = await reader.labels(address, UNENDED)
      const isOurs = labels !== undefined && (labels.current === version || labels.previous === version)
      if (isOurs) return { arn: labels.arn, version }
      if (labels !== undefined && (await reader.readVersion(address, labels.arn, version, UNENDED)) === undefined) {
        return 'exists'
      }
      throw unclear(call)
    },

    async stage(address, { arn, version }, text) {
      const input = { SecretId: arn, ClientRequestToken: version, SecretString: text, VersionStages: [PENDING] }
      const answer = await perform<PutSecretValueResponse>(
        ({ PutSecretValueCommand }) => new PutSecretValueCommand(input),
        callOf(address, false),
      )
      if (!isRefusal(answer)) return 'staged'
      return unlessThere(answer, address, arn, 'gone' as const)
    },

    async promote(address, { arn, version }, from) {
      const call = callOf(address, true)
      const input = {
        SecretId: arn,
        VersionStage: CURRENT,
        MoveToVersionId: version,
        ...(from === undefined ? {} : { RemoveFromVersionId: from }),
      }
      const answer = await perform<UpdateSecretVersionStageResponse>(
        ({ UpdateSecretVersionStageCommand }) => new UpdateSecretVersionStageCommand(input),
        call,
      )
      if (!isRefusal(answer)) return 'promoted'
      const { refused, once, error } = answer
      if (refused !== BAD_PARAMETER && refused !== NOT_FOUND && refused !== BAD_REQUEST) throw error
      const labels = await reader.labels(address, UNENDED, arn)
      // An attempt before this one, or AWS itself where it is the first version, made it current.
      if (labels !== undefined && (labels.current === version || labels.previous === version)) return 'promoted'
      if (!once) throw unclear(call)
      if (labels === undefined || labels.isDeleted || labels.current !== from) return 'overtaken'
      // Refused although it is the version that was named: then what was staged must be gone.
      if ((await reader.readVersion(address, arn, version, UNENDED)) === undefined) return 'overtaken'
      throw error
    },

    async unlabel(address, { arn, version }) {
      const input = { SecretId: arn, VersionStage: PENDING, RemoveFromVersionId: version }
      const answer = await perform<UpdateSecretVersionStageResponse>(
        ({ UpdateSecretVersionStageCommand }) => new UpdateSecretVersionStageCommand(input),
        callOf(address, false),
      )
      // Another writer has taken the label, or the secret was deleted.
      const isOff = !isRefusal(answer) || [BAD_PARAMETER, NOT_FOUND, BAD_REQUEST].includes(answer.refused)
      if (!isOff) throw answer.error
    },

    async remove(address, arn) {
      const window =
        recoveryWindowDays === 0 ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: recoveryWindowDays }
      const answer = await perform<DeleteSecretResponse>(
        ({ DeleteSecretCommand }) => new DeleteSecretCommand({ SecretId: arn, ...window }),
        callOf(address, true, 'delete'),
      )
      if (!isRefusal(answer)) return true
      return unlessThere(answer, address, arn, false as const)
    },
  }
}

/** Makes the error of a write that was attempted more than once, of which one attempt may have succeeded. */
function unclear({ doing, subject }: Call): StoreError {
  const message = `Could not ${doing}: an answer was lost, and others wrote meanwhile. Whether it happened is not known.`
  return new StoreError('UNAVAILABLE', message, { ...subject, hint: 'Read it again, and decide again.' })
}
