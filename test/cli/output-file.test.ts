import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { cliFolderWithStore } from '../helpers/run-cli.ts'

const DISTURBED = fileURLToPath(new URL('../fixtures/cli/disturbed-writes.mjs', import.meta.url))
const VALUE = 'correct-horse-battery'

test.each([
  ['export', ['export', 'app', '--reveal', '-o', 'out'], `K=${VALUE}\n`],
  ['export --force', ['export', 'app', '--reveal', '-o', 'out', '--force'], `K=${VALUE}\n`],
  ['inject', ['inject', '-i', 'template', '-o', 'out'], VALUE],
])(
  'a full disk or a signal under %s leaves the old file or the new one, whole, and no other',
  async (_, args, text) => {
    const folder = await cliFolderWithStore({ app: { K: VALUE } })
    writeFileSync(folder.at('template'), '{{ SECRETS.app.K }}')
    const disturbed = (how: string) =>
      folder.run(args, { env: { NODE_OPTIONS: `--import ${DISTURBED}`, DISTURBANCE: how } })
    const before = folder.entries()
    const overOld = text === VALUE || args.includes('--force')
    if (overOld) writeFileSync(folder.at('out'), 'old')

    const full = await disturbed('ENOSPC')
    expect({ code: full.code, told: full.stderr.includes('(ENOSPC). [UNAVAILABLE]') }).toEqual({ code: 1, told: true })
    expect(folder.entries()).toEqual(overOld ? [...before, 'out'].sort() : before)
    if (overOld) expect(folder.read('out')).toBe('old')

    expect((await disturbed('SIGTERM')).code).not.toBe(0)
    expect(folder.entries()).toEqual([...before, 'out'].sort())
    expect([folder.read('out'), folder.mode('out')]).toEqual([text, '600'])
  },
)
