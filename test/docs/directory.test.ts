import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkPackages, run, temporaryFolder } from '../helpers/packed-package.ts'
import { programsOf } from '../helpers/page-blocks.ts'
import { writeVolume } from '../fixtures/directory/kubelet.mjs'

const programs = programsOf('docs/stores/directory.md')

const { folder, remove } = temporaryFolder()
const kubernetes = join(folder, 'etc-secrets')
const docker = join(folder, 'run-secrets')
beforeAll(() => {
  linkPackages(folder)
  writeVolume(join(kubernetes, 'my_github_secret'), { GH_ACCESS_TOKEN: 'x', GH_USERNAME: 'y' })
  writeVolume(join(kubernetes, 'web_tls'), { 'tls.crt': 'x', 'tls.key': 'y' })
  mkdirSync(docker)
  writeFileSync(join(docker, 'my_github_secret.json'), '{"GH_ACCESS_TOKEN":"x","GH_USERNAME":"y"}')
  writeFileSync(join(docker, 'db_password'), 'made-up\n')
})
afterAll(remove)

/** Which secrets and keys a program of the page finds. */
const FOUND = [
  'my_github_secret: GH_ACCESS_TOKEN,GH_USERNAME; web_tls: ',
  'my_github_secret: GH_ACCESS_TOKEN,GH_USERNAME; web_tls: TLS_CRT,TLS_KEY',
  'db_password: DB_PASSWORD; my_github_secret: GH_ACCESS_TOKEN,GH_USERNAME',
  'db_password: db_password; my_github_secret: GH_ACCESS_TOKEN,GH_USERNAME',
]

test.each(programs.map((text, index) => [FOUND[index], text] as const))(
  'docs/stores/directory.md: a program finds %s',
  async (found, text) => {
    const moved = text.replaceAll('/etc/secrets', kubernetes).replaceAll('/run/secrets', docker)
    const imported = moved.startsWith('import')
      ? moved
      : `import { directoryStore } from 'latchkey/stores/directory'\n${moved}`
    const shown = `${imported}
      const found = []
      for await (const { name, keys } of store.list()) found.push(\`\${name}: \${keys}\`)
      console.log(found.join('; '))`
    const command = ['--input-type=module', '-e', shown]
    const ran = await run('env', [`CREDENTIALS_DIRECTORY=${docker}`, process.execPath, ...command], folder)
    expect(ran).toMatchObject({ code: 0, stdout: `${found}\n`, stderr: '' })
  },
)

test('docs/stores/directory.md: every program of the page is one of these', () => {
  expect(programs).toHaveLength(FOUND.length)
})
