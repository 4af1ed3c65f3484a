/** Tells what would fail, without reading a secret's value. */
import type { TemplateIssue } from '../errors.ts'
import { fillIssues } from './fill.ts'
import { readTemplate } from './read.ts'
import { describeSecrets } from './secrets.ts'
import { resolveSettings } from './settings.ts'
import { namespacesOf } from './sources.ts'
import type { ResolveOptions, TemplateContexts } from './types.ts'
import { findValues } from './values.ts'

/**
 * Tells which issues a resolve with the same arguments would fail with, from the names of secrets and keys alone.
 *
 * Only what shows in a value of a store is not found: BAD_SECRET_VALUE, and OUTPUT_TOO_LARGE.
 *
 * @returns the issues in document order, none if the template resolves.
 * @throws TemplateError STORE_ERROR if the store could not be asked: that is no finding about the template; the signal's
 * reason after an abort; TypeError for a wrong argument. All of them reject the promise.
 * @example
 * ```ts
 * const issues = await checkTemplate('{{ SECRETS.my_github_secret.GH_TOKN }}', { SECRETS: store })
 * issues[0]?.code // 'KEY_NOT_FOUND'
 * ```
 */
export async function checkTemplate(
  json: unknown,
  contexts: TemplateContexts,
  options?: ResolveOptions,
): Promise<readonly TemplateIssue[]> {
  const settings = resolveSettings(options)
  settings.signal?.throwIfAborted()
  const plan = readTemplate(json, namespacesOf(contexts), settings)
  if (plan.issues.length > 0) return plan.issues
  return fillIssues(plan, await findValues(plan, contexts, settings, describeSecrets))
}
