/** What many tests of templates look at. */
import { TemplateError, type TemplateIssue } from '../../src/errors.ts'

/** The error that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it resolved')
    },
    (error: unknown) => error,
  )
}

/** The issues of the TemplateError that a promise rejects with. */
export async function issuesOf(promise: Promise<unknown>): Promise<readonly TemplateIssue[]> {
  const error = await failure(promise)
  if (!(error instanceof TemplateError)) throw error
  return error.issues
}

/** The codes of the issues that a promise rejects with. */
export async function codesOf(promise: Promise<unknown>): Promise<string[]> {
  return (await issuesOf(promise)).map(({ code }) => code)
}
