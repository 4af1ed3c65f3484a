import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { modelDisk } from '../../helpers/disk-model.ts'
import type { Mutant } from '../../helpers/disk-model.ts'
import { storeFolder } from '../../helpers/store-folder.ts'

/** Makes some writes, cuts the power after every call, and gives what was lost or torn. */
async function powerCuts(mutant: Mutant): Promise<{ cuts: number; faults: Set<string> }> {
  const { open, path } = storeFolder()
  const generations: (Buffer | undefined)[] = [undefined]
  const faults = new Set<string>()
  const seen: { contents: (Buffer | undefined)[]; acknowledged: number }[] = []
  const look = () => {
    seen.push({ contents: disk.afterPowerCut(path), acknowledged: generations.length - 1 })
  }
  const disk = modelDisk(look, mutant)
  const store = open({}, disk.system)
  for (const value of ['1', '2', '3']) {
    await store.set('a', { K: value })
    generations.push(readFileSync(path))
    look()
  }
  for (const { contents, acknowledged } of seen) {
    for (const content of contents) {
      const found = generations.findIndex((one) =>
        one === undefined || content === undefined ? one === content : one.equals(content),
      )
      if (found === -1) faults.add('torn')
      else if (found < acknowledged) faults.add('lost')
    }
  }
  return { cuts: seen.length, faults }
}

test('a power cut after any call leaves the old or the new file, whole, and what was acknowledged', async () => {
  const { cuts, faults } = await powerCuts({})
  expect([...faults]).toEqual([])
  expect(cuts).toBeGreaterThan(15)
})

test.each([
  ['no fsync of the file', { fileFsync: false }, 'torn'],
  ['no fsync of the folder', { folderFsync: false }, 'lost'],
  ['a file that is written in place', { inPlace: true }, 'torn'],
])('the model finds %s', async (_, mutant, fault) => {
  expect([...(await powerCuts(mutant)).faults]).toContain(fault)
})
