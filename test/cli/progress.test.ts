import { expect, test } from 'vitest'
import { progressLine } from '../../src/cli/progress.ts'

test.each([
  [80, 'Importing 50/200 [#######-----------------------]'],
  [40, 'Importing 50/200 [#####---------------]'],
  [20, 'Importing 50/200'],
  [8, 'Importi'],
])('on a terminal of %i columns the line is shorter than it', (columns, line) => {
  expect(progressLine('Importing', 50, 200, columns)).toBe(line)
  expect(line.length).toBeLessThan(columns)
})

test('what is not known in all is counted', () => {
  expect(progressLine('Reading', 7, undefined, 80)).toBe('Reading 7')
})
