import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateKey } from '../../src/crypto/raw-key.ts'
import { describeEngine } from '../helpers/engines.ts'
import { redisBinary, startRedis } from '../helpers/engines/redis.ts'
import type { StartedRedis } from '../helpers/engines/redis.ts'
import { linkPackages, node, temporaryFolder } from '../helpers/packed-package.ts'
import { programsOf } from '../helpers/page-blocks.ts'

const programs = programsOf('docs/stores/redis.md')
/** What a program prints, by the comments behind its `console.log`. */
const printed = (program: string): string =>
  [...program.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, output = '']) => `${output}\n`).join('')

describeEngine('redis', redisBinary(), 'redis-server or valkey-server on PATH', (binary) => {
  const { folder, remove } = temporaryFolder()
  let server: StartedRedis
  beforeAll(async () => {
    server = await startRedis(binary)
    linkPackages(folder, 'redis', 'tsx')
  })
  afterAll(async () => {
    await server.remove()
    remove()
  })

  test('docs/stores/redis.md: its program prints what the page says, and ends', async () => {
    expect(programs.length).toBe(1)
    writeFileSync(join(folder, 'main.ts'), programs[0] ?? '')
    writeFileSync(join(folder, '.env'), `REDIS_URL=${server.url}\nLATCHKEY_KEY=${generateKey()}\n`)
    const ran = await node(['--env-file=.env', '--import', 'tsx', 'main.ts'], folder)
    expect(ran).toMatchObject({ code: 0, stdout: printed(programs[0] ?? ''), stderr: '' })
    expect(ran.stdout).not.toBe('')
  })
})
