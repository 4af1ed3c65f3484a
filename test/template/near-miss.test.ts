import { describe, expect, it } from 'vitest'
import { isFull, report } from '../../src/template/issue.ts'
import { resolveTemplate } from '../../src/template/index.ts'
import { issuesOf } from './expectations.ts'

/** The namespace that is suggested for a mistyped one. */
async function suggested(typed: string, namespace = 'INPUTS'): Promise<string | undefined> {
  const [issue] = await issuesOf(resolveTemplate(`{{ ${typed}.x }}`, { [namespace]: { x: 1 } }))
  expect(issue?.code).toBe('UNKNOWN_NAMESPACE')
  return issue?.suggestion
}

describe('a namespace that is not there', () => {
  it.each([
    ['other case', 'Inputs'],
    ['a letter added at the end', 'INPUTSS'],
    ['a letter added at the start', 'XINPUTS'],
    ['a letter added inside', 'INPXUTS'],
    ['a letter left out at the end', 'INPUT'],
    ['a letter left out at the start', 'NPUTS'],
    ['a letter left out inside', 'INUTS'],
    ['a letter changed at the end', 'INPUTX'],
    ['a letter changed at the start', 'XNPUTS'],
    ['a letter changed inside', 'INXUTS'],
    ['two letters swapped at the end', 'INPUST'],
    ['two letters swapped at the start', 'NIPUTS'],
    ['two letters swapped inside', 'INUPTS'],
    ['two letters swapped, in other case', 'inpust'],
  ])('is suggested with %s', async (_, typed) => {
    expect(await suggested(typed)).toBe('INPUTS')
  })

  it.each([
    ['another word', 'OUTPUT'],
    ['two letters more', 'INPUTSXX'],
    ['two letters more at the start', 'XXINPUTS'],
    ['two letters less', 'INPU'],
    ['two letters changed that stand together', 'INXXTS'],
    ['two letters changed that stand apart', 'XNPUTX'],
    ['a letter changed and one added', 'XNPUTSS'],
    ['a letter changed and one left out', 'XNPUT'],
    ['three letters turned round', 'INTUPS'],
    ['two letters of which one is swapped', 'INUXTS'],
    ['two letters of which the other is swapped', 'INXPTS'],
    ['two letters swapped and one changed', 'INUPTX'],
    ['a letter added, and one changed after it', 'INXPUTX'],
    ['a letter left out, and one changed after it', 'INUTX'],
  ])('is not suggested with %s', async (_, typed) => {
    expect(await suggested(typed)).toBeUndefined()
  })

  it('is suggested for one edit from three letters on, for other case always', async () => {
    expect(await suggested('ENX', 'ENV')).toBe('ENV')
    expect(await suggested('EX', 'EV')).toBeUndefined()
    expect(await suggested('ev', 'EV')).toBe('EV')
  })
})

it('no more issues are kept than the limit', () => {
  const findings = { max: 1, issues: [] }
  const site = { frame: null, key: '', inKey: false }
  expect(isFull(findings)).toBe(false)
  report(findings, 'EMPTY_TAG', site, 0, 4)
  report(findings, 'EMPTY_TAG', site, 4, 8)
  expect(findings.issues).toEqual([{ code: 'EMPTY_TAG', pointer: '', start: 0, end: 4, message: 'The tag is empty.' }])
  expect(isFull(findings)).toBe(true)
})
