import { expect, test } from 'vitest'
import { assertStartsChildren } from '../../src/worker/runtime.ts'

test('Node starts children', () => {
  expect(() => {
    assertStartsChildren()
  }).not.toThrow()
})

test.each([
  ['Bun', 'bun', '1.4.5'],
  ['Deno', 'deno', '2.9.6'],
])('%s does not, and is told by its name and version', (title, name, version) => {
  const versions = { ...process.versions, [name]: version }
  expect(() => {
    assertStartsChildren(versions)
  }).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED',
      message: `Calls in child processes need Node, and this is ${title} ${version}.`,
      hint: expect.stringContaining("isolation: 'inline'") as string,
    }),
  )
})
