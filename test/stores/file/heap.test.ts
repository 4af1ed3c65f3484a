import { expect, test } from 'vitest'
import { runFixture } from '../../helpers/run-fixture.ts'
import { storeFolder } from '../../helpers/store-folder.ts'

test('a heap snapshot after opening holds the one value that was read, and none of 1,000 others', async () => {
  const { open, path, key, folder } = storeFolder()
  const store = open()
  await Promise.all(
    Array.from({ length: 1_001 }, (_, index) => store.set(`s${index}`, { K: `canary-${index}-${'x'.repeat(30)}` })),
  )
  const { lines } = await runFixture('heap.mjs', { args: [path, folder], env: { LATCHKEY_KEY: key } })
  expect(lines).toEqual(['found canary-7'])
})
