/** Requests by way of the SDK: it is loaded when the first one is made, and each of them ends in time. */
import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager'
import { StoreError } from '../../errors.ts'
import { onAbort } from '../abort.ts'
import { closedError } from '../request.ts'
import { refusalOf, STORE } from './failure.ts'
import type { Refusal, Subject } from './failure.ts'
import type { AwsHost, Sdk } from './host.ts'
import type { SecretsManagerClientLike } from './options.ts'
import type { AwsSettings } from './settings.ts'

/** One request. */
export interface Call {
  /** What it is for, as the end of "could not". */
  readonly doing: string
  readonly subject: Subject
  /** What ends it. A request that is part of a write has none: what was begun is finished. */
  readonly signals: readonly AbortSignal[]
  readonly writes?: boolean
}

/** Sends commands of the SDK. */
export interface Requests {
  /** Gives what Secrets Manager answers, or how it refused. Nothing in an answer is checked. */
  perform<Answer extends object>(make: (sdk: Sdk) => object, call: Call): Promise<Partial<Answer> | Refusal>
  /** Ends the client, if it is the store's own. */
  close(): void
}

interface Loaded {
  readonly sdk: Sdk
  readonly client: SecretsManagerClientLike
  readonly end: () => void
}

/** Makes what sends the requests of one store. */
export function awsRequests({ client, timeoutMs }: AwsSettings, host: AwsHost, closed: AbortSignal): Requests {
  let loading: Promise<Loaded> | undefined
  let loaded: Loaded | undefined

  const load = async (): Promise<Loaded> => {
    const sdk = await host.load().catch((error: unknown) => {
      throw loadError(error)
    })
    if ('send' in client) return { sdk, client, end: () => undefined }
    // Its types ask for the exact shape of credentials, which were checked.
    const own = new sdk.SecretsManagerClient(client as SecretsManagerClientConfig)
    return {
      sdk,
      client: own,
      end: () => {
        own.destroy()
      },
    }
  }
  const ready = async (): Promise<Loaded> => {
    loading ??= load()
    try {
      loaded = await loading
      return loaded
    } catch (error) {
      loading = undefined
      throw error
    }
  }
  const assertWanted = (signals: readonly AbortSignal[]): void => {
    for (const signal of signals) {
      if (signal === closed && closed.aborted) throw closedError(STORE)
      signal.throwIfAborted()
    }
  }

  return {
    async perform<Answer extends object>(make: (sdk: Sdk) => object, call: Call) {
      const { doing, subject, signals, writes = false } = call
      const controller = new AbortController()
      const stop = (): void => {
        controller.abort()
      }
      // A client that was given may not listen to its signal.
      const stopped = new Promise<never>((_, reject) => {
        controller.signal.addEventListener('abort', () => {
          reject(new Error('stopped'))
        })
      })
      stopped.catch(() => undefined)
      const time = { isUp: false }
      const timer = setTimeout(() => {
        time.isUp = true
        stop()
      }, timeoutMs)
      const forgets: (() => void)[] = []
      try {
        assertWanted(signals)
        for (const signal of signals) forgets.push(onAbort(signal, stop))
        const { sdk, client } = await Promise.race([ready(), stopped])
        const answer = client.send(make(sdk) as never, { abortSignal: controller.signal })
        return (await Promise.race([answer, stopped])) as Partial<Answer>
      } catch (error) {
        assertWanted(signals)
        if (error instanceof StoreError) throw error
        if (!time.isUp) return refusalOf(error, doing, subject, writes)
        const unknown = writes ? ' Whether it happened is not known.' : ''
        const message = `Could not ${doing}: no answer within ${timeoutMs} ms.${unknown}`
        return { refused: '', once: false, error: new StoreError('UNAVAILABLE', message, { ...subject }) }
      } finally {
        clearTimeout(timer)
        for (const forget of forgets) forget()
      }
    },

    close() {
      loaded?.end()
    },
  }
}

/** Tells whether a request was refused. */
export function isRefusal(answer: object): answer is Refusal {
  return 'refused' in answer
}

/** The error's own text names paths of this machine. */
function loadError(error: unknown): StoreError {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  const isAbsent = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  return new StoreError(
    'INVALID',
    isAbsent
      ? 'The AWS store needs the package @aws-sdk/client-secrets-manager, which is not installed.'
      : 'The AWS store needs the package @aws-sdk/client-secrets-manager, which cannot be loaded.',
    { store: STORE, hint: 'npm install @aws-sdk/client-secrets-manager' },
  )
}
