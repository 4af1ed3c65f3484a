import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../helpers/packed-package.ts'
import { cliFolder, failureOf } from '../helpers/run-cli.ts'
import type { CliFolder } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'

/** The package where no client of an engine is beside it, as a user has it who installed nothing else. */
function folderWithPackageAlone(): CliFolder {
  const folder = cliFolder({ package: 'node_modules/latchkey' })
  cpSync(`${ROOT}dist`, folder.at('node_modules/latchkey/dist'), { recursive: true })
  cpSync(`${ROOT}package.json`, folder.at('node_modules/latchkey/package.json'))
  symlinkSync(`${ROOT}node_modules/mustache`, folder.at('node_modules/mustache'))
  return folder
}

test('a store whose client is not installed is told with what to install, and the password of its address is not', async () => {
  const folder = folderWithPackageAlone()
  for (const [address, names, hint] of [
    [`postgres://me:${VALUE}@127.0.0.1:1/app`, 'the package pg (or postgres)', 'npm install pg'],
    [`redis://me:${VALUE}@127.0.0.1:1`, 'the package redis (or ioredis, iovalkey)', 'npm install redis'],
    ['aws:apps', 'the package @aws-sdk/client-secrets-manager', 'npm install @aws-sdk/client-secrets-manager'],
  ] as const) {
    const ended = await folder.run(['list'], { env: { LATCHKEY_STORE: address } })
    expect(failureOf(ended, VALUE)).toEqual([1, 'NO_CLIENT'])
    expect(ended.stderr).toContain(`${names}, which is not installed here.`)
    expect(ended.stderr).toContain(`${hint}\n`)
  }
  expect(await folder.run(['list'], { env: { LATCHKEY_STORE: 'env:' } })).toMatchObject({ code: 0 })
})

test('a client that does not load, or has no entry, is told as such, without what it says itself', async () => {
  const folder = folderWithPackageAlone()
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(folder.at(path)), { recursive: true })
    writeFileSync(folder.at(path), text)
  }
  write('node_modules/pg/index.js', `throw new Error('${VALUE}')`)
  const broken = await folder.run(['list', '--store', 'postgres:'])
  expect(failureOf(broken, VALUE)).toEqual([1, 'NO_CLIENT'])
  expect(broken.stderr).toContain('The package pg does not load (it throws).')
  write('node_modules/redis/package.json', JSON.stringify({ name: 'redis', exports: {} }))
  const empty = await folder.run(['list', '--store', 'redis:'])
  expect(failureOf(empty, VALUE)).toEqual([1, 'NO_CLIENT'])
  expect(empty.stderr).toContain('The package redis is there, but it cannot be loaded.')
})
