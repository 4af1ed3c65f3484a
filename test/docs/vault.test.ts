import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { VaultStoreOptions } from '../../src/stores/vault.ts'
import { vaultStore } from '../../src/stores/vault.ts'
import { linkPackages, node, ROOT, temporaryFolder } from '../helpers/packed-package.ts'
import { programsOf } from '../helpers/page-blocks.ts'
import { thrownBy } from '../helpers/thrown.ts'
import { startFakeVault } from '../helpers/vault/fake.ts'
import type { FakeVault } from '../helpers/vault/fake.ts'

const page = readFileSync(join(ROOT, 'docs/stores/vault.md'), 'utf8')
const programs = programsOf('docs/stores/vault.md')

const { folder, remove } = temporaryFolder()
const jwtFile = join(folder, 'jwt')
let vault: FakeVault
beforeAll(async () => {
  linkPackages(folder)
  writeFileSync(jwtFile, 'made.up.jwt\n')
  vault = await startFakeVault()
  vault.login = (mount) => (mount === 'kubernetes' ? vault.token : undefined)
  vault.storage().write('acme/production/my_github_secret', '{"GH_ACCESS_TOKEN":"x","GH_USERNAME":"y"}', undefined)
})
afterAll(async () => {
  await vault.stop()
  remove()
})

test.each(programs)(
  'docs/stores/vault.md: its program finds the secret where the page says that it is',
  async (text) => {
    const program = text
      .replace('https://vault.example.org:8200', vault.address)
      .replace("role: 'billing'", `role: 'billing', jwtFile: ${JSON.stringify(jwtFile)}`)
    const shown = `${program}\nconsole.log(Object.keys(secret.values).join())`
    const ran = await node(['--input-type=module', '-e', shown], folder)
    expect(ran).toMatchObject({ code: 0, stdout: 'GH_ACCESS_TOKEN,GH_USERNAME\n', stderr: '' })
  },
)

test('docs/stores/vault.md: its table has a row for each option, and for no other', () => {
  const refused = thrownBy(() => vaultStore({ none: 1 } as unknown as VaultStoreOptions)) as Error
  const options = /it has (.*)\.$/.exec(refused.message)?.[1]?.split(', ')
  const [table = ''] = page.split('\n## ')
  const rows = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)
  expect(rows.sort()).toEqual(options?.sort())
})
