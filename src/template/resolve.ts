/** Fills in a template, once. */
import { fill } from './fill.ts'
import { templateError } from './issue.ts'
import { readTemplate } from './read.ts'
import { filledText } from './short-way.ts'
import { resolveSettings } from './settings.ts'
import { namespacesOf } from './sources.ts'
import type { ResolveOptions, Resolved, TemplateContexts } from './types.ts'
import { findValues, tellRedactor, type Values } from './values.ts'

/**
 * Fills `{{ SECRETS.name.KEY }}`, and references to other namespaces, into any JSON.
 *
 * The template is read at once, before the first wait: what changes in it later has no effect, and neither values nor
 * results are ever parsed. The result is a fresh copy; a string that is one tag and nothing else becomes the value itself,
 * with its type. A store is asked once, for only the keys that the template names, and not at all if it names none.
 *
 * @param json - strings, finite or not, in any nesting of arrays and plain objects. It is left as it is.
 * @param contexts - what each namespace holds: `SECRETS` a store or plain records, any other name plain data.
 * @returns the filled in template.
 * @throws TemplateError with every issue of the template, or STORE_ERROR with the store's error as its cause; the signal's
 * reason after an abort; TypeError for a wrong argument. All of them reject the promise.
 * @example
 * ```ts
 * const request = await resolveTemplate(
 *   { headers: { Authorization: 'Bearer {{ SECRETS.my_datadog_secret.DATADOG_API_KEY }}' } },
 *   { SECRETS: store },
 * )
 * ```
 */
export function resolveTemplate<T, Result = Resolved<T>>(
  json: T,
  contexts: TemplateContexts,
  options?: ResolveOptions,
): Promise<Result> {
  try {
    if (options === undefined && typeof json === 'string') {
      const text = filledText(json, contexts)
      if (text !== undefined) return Promise.resolve(text as Result)
    }
    return resolveAny(json, contexts, options) as Promise<Result>
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort's reason is the caller's own
    return Promise.reject(error)
  }
}

/** Not an async function: where no store is asked, there is nothing to wait for. */
function resolveAny(json: unknown, contexts: TemplateContexts, options: ResolveOptions | undefined): Promise<unknown> {
  const settings = resolveSettings(options)
  settings.signal?.throwIfAborted()
  const plan = readTemplate(json, namespacesOf(contexts), settings)
  if (plan.issues.length !== 0) throw templateError(plan.issues)
  if (plan.sites === null) return Promise.resolve(plan.root)
  const pending = findValues(plan, contexts, settings)
  const finish = (values: Values): unknown => {
    const result = fill(plan, values, null)
    if (settings.redactor !== undefined) tellRedactor(settings.redactor, plan, values)
    return result
  }
  return pending instanceof Promise ? pending.then(finish) : Promise.resolve(finish(pending))
}
