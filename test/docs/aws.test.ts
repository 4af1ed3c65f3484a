import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AwsStoreOptions } from '../../src/stores/aws.ts'
import { awsStore } from '../../src/stores/aws.ts'
import { CREDENTIALS, startFakeAws } from '../helpers/aws/fake.ts'
import type { FakeAws } from '../helpers/aws/fake.ts'
import { linkPackages, node, ROOT, temporaryFolder } from '../helpers/packed-package.ts'
import { programsOf } from '../helpers/page-blocks.ts'
import { thrownBy } from '../helpers/thrown.ts'

const page = readFileSync(join(ROOT, 'docs/stores/aws.md'), 'utf8')
const programs = programsOf('docs/stores/aws.md')

const { folder, remove } = temporaryFolder()
let aws: FakeAws
beforeAll(async () => {
  linkPackages(folder)
  aws = await startFakeAws()
  const name = 'billing/acme/production/my_github_secret'
  aws.state.act('CreateSecret', { Name: name, SecretString: '{"GH_ACCESS_TOKEN":"x","GH_USERNAME":"y"}' })
})
afterAll(async () => {
  await aws.stop()
  remove()
})

test.each(programs)('docs/stores/aws.md: its program finds the secret where the page says that it is', async (text) => {
  const where = `endpoint: '${aws.endpoint}', credentials: ${JSON.stringify(CREDENTIALS)},`
  const program = text.replace("region: 'eu-central-1',", `region: 'eu-central-1', ${where}`)
  const shown = `${program}\nconsole.log(Object.keys(secret.values).join())\nawait store.close()`
  const ran = await node(['--input-type=module', '-e', shown], folder)
  expect(ran).toMatchObject({ code: 0, stdout: 'GH_ACCESS_TOKEN,GH_USERNAME\n' })
})

test('docs/stores/aws.md: its table has a row for each option, and for no other', () => {
  const refused = thrownBy(() => awsStore({ none: 1 } as unknown as AwsStoreOptions)) as Error
  const options = /it has (.*)\.$/.exec(refused.message)?.[1]?.split(', ')
  const [table = ''] = page.split('\n## ')
  const rows = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)
  expect(rows.sort()).toEqual(options?.sort())
})

test('docs/stores/aws.md: its policy allows all that the store asks for, and nothing else', () => {
  const [, policy = ''] = /^```json\n([\s\S]*?)^```$/m.exec(page) ?? []
  const { Statement } = JSON.parse(policy) as { Statement: { Action: string[] }[] }
  const allowed = Statement.flatMap(({ Action }) => Action).map((action) => action.replace('secretsmanager:', ''))
  const sources = ['client', 'writer'].map((name) => readFileSync(join(ROOT, `src/stores/aws/${name}.ts`), 'utf8'))
  const asked = [...sources.join('\n').matchAll(/new (\w+)Command\(/g)].map(([, name]) => name)
  expect(allowed.sort()).toEqual([...new Set(asked)].sort())
})
