/** The clients for Redis that a store can be given, known by what they offer: node-redis, ioredis and iovalkey. */
import { argumentError } from '../../errors.ts'

/** A client of node-redis, or anything that sends commands and gives answers as it does. */
export interface NodeRedisClient {
  sendCommand(args: string[]): Promise<unknown>
}

/** A cluster of node-redis. */
export interface NodeRedisCluster {
  sendCommand(firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>
  nodeClient(node: never): unknown
}

/** A client, or a cluster, of ioredis or iovalkey. */
export interface IoredisClient {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** A client that the caller has made, and connects and closes. */
export type RedisClient = NodeRedisClient | NodeRedisCluster | IoredisClient

/** Sends a command whose first key is known, and gives its answer. */
export type Send = (key: string, command: string, args: readonly string[]) => Promise<unknown>

/** Subscribes to a channel, on a connection that does nothing else. */
export type Subscribe = (channel: string, heard: (message: string) => void, opened: Opened) => Promise<void>

/** Is given how to end what was begun, before there can be a failure. */
type Opened = (close: () => unknown) => void

/** What the clients offer, as far as it is used. */
interface Offer {
  call?: unknown
  sendCommand?: unknown
  nodeClient?: unknown
  getSentinelNode?: unknown
  duplicate?: unknown
  subscribe?: unknown
}

type Method = (...args: unknown[]) => unknown
/** A connection that subscribes. Every client is an event emitter. */
interface Subscriber {
  on: Method
  off: Method
  subscribe: Method
  unsubscribe: Method
  connect: Method
  disconnect: Method
  destroy?: Method
}

function offerOf(client: unknown): Offer {
  return typeof client === 'object' || typeof client === 'function' ? (client ?? {}) : {}
}

/** Gives how commands are sent by a client. Throws INVALID_OPTION for what is none. */
export function sending(client: unknown): Send {
  const offer = offerOf(client)
  if (typeof offer.call === 'function') {
    const { call } = client as IoredisClient
    return (_key, command, args) => call.call(client, command, ...args)
  }
  if (typeof offer.sendCommand !== 'function') {
    throw argumentError('INVALID_OPTION', 'redisStore: client must be one of node-redis, ioredis or iovalkey.')
  }
  if (typeof offer.getSentinelNode === 'function') {
    const message = 'redisStore: give { sendCommand: (args) => sentinel.sendCommand(false, args) } for a sentinel.'
    throw argumentError('INVALID_OPTION', message)
  }
  if (typeof offer.nodeClient === 'function') {
    const cluster = client as NodeRedisCluster
    return (key, command, args) => cluster.sendCommand(key, false, [command, ...args])
  }
  const single = client as NodeRedisClient
  return (_key, command, args) => single.sendCommand([command, ...args])
}

/**
 * Gives how a channel is subscribed to: by the caller's connection for it, else by a duplicate of the client. `undefined`: it has
 * neither.
 */
export function subscribing(client: RedisClient, given: unknown): Subscribe | undefined {
  if (given !== undefined) {
    if (typeof offerOf(given).subscribe === 'function') return subscribeBy(() => given as Subscriber, false)
    throw argumentError('INVALID_OPTION', 'redisStore: subscriber must be one of node-redis, ioredis or iovalkey.')
  }
  const { duplicate } = offerOf(client)
  if (typeof duplicate !== 'function') return undefined
  return subscribeBy(() => (duplicate as Method).call(client) as Subscriber, true)
}

function subscribeBy(subscriberOf: () => Subscriber, owned: boolean): Subscribe {
  return async (channel, heard, opened) => {
    const subscriber = subscriberOf()
    // A client without a listener for its errors ends the process with them. The store finds out by itself.
    if (owned) subscriber.on('error', () => undefined)
    if (typeof offerOf(subscriber).call === 'function') {
      const listener = (from: unknown, message: unknown): void => {
        if (from === channel) heard(String(message))
      }
      opened(async () => {
        subscriber.off('message', listener)
        if (owned) subscriber.disconnect()
        else await subscriber.unsubscribe(channel)
      })
      subscriber.on('message', listener)
      await subscriber.subscribe(channel)
      return
    }
    const listener = (message: unknown): void => {
      heard(String(message))
    }
    opened(() => {
      if (!owned) return subscriber.unsubscribe(channel, listener)
      return subscriber.destroy === undefined ? subscriber.disconnect() : subscriber.destroy()
    })
    if (owned) await subscriber.connect()
    await subscriber.subscribe(channel, listener)
  }
}
