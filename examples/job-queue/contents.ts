/** Looks at what is in Redis. */
import type { Redis } from 'ioredis'
import { PREFIX } from './queue.ts'

/** All keys of this example, those that an earlier run has left as well. */
const keysOf = (redis: Redis): Promise<string[]> => redis.keys(`*${PREFIX}*`)

export async function removeKeys(redis: Redis): Promise<void> {
  const keys = await keysOf(redis)
  if (keys.length > 0) await redis.del(keys)
}

/** Gives everything that Redis holds of this example, by key. */
export async function contents(redis: Redis): Promise<Map<string, string>> {
  const readers: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => redis.get(key),
    hash: (key) => redis.hgetall(key),
    list: (key) => redis.lrange(key, 0, -1),
    set: (key) => redis.smembers(key),
    zset: (key) => redis.zrange(key, '0', '-1'),
    stream: (key) => redis.xrange(key, '-', '+'),
  }
  const found = new Map<string, string>()
  for (const key of await keysOf(redis)) {
    const read = readers[await redis.type(key)]
    if (read === undefined) throw new Error(`${key} is of an unknown type`)
    found.set(key, JSON.stringify(await read(key)))
  }
  return found
}
