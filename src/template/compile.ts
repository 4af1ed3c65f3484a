/** Reads a template once, to fill it in many times. */
import { fill, type Instance } from './fill.ts'
import type { Frame, Slots } from './frame.ts'
import { templateError } from './issue.ts'
import type { Plan } from './plan.ts'
import { readTemplate } from './read.ts'
import { compileSettings, fetchSettings } from './settings.ts'
import { assertContexts } from './sources.ts'
import type { CompiledTemplate, CompileOptions, FetchOptions, Resolved, TemplateContexts } from './types.ts'
import { findValues, tellRedactor } from './values.ts'

/**
 * Reads a template once, to fill it in many times: each resolve makes a fresh copy, cheaper than cloning the template.
 *
 * @param json - the template. What changes in it later has no effect, except with `share` in parts that hold no tag.
 * @returns its references, its issues, and `resolve`, which rejects if there are issues.
 * @throws TypeError for a wrong option.
 * @example
 * ```ts
 * const request = compileTemplate({ auth: 'Bearer {{ SECRETS.my_datadog_secret.DATADOG_API_KEY }}' })
 * await request.resolve({ SECRETS: store }, { scope: 'acme/production' })
 * ```
 */
export function compileTemplate<T, Result = Resolved<T>>(json: T, options?: CompileOptions): CompiledTemplate<Result> {
  const settings = compileSettings(options)
  const plan = readTemplate(json, settings.namespaces, settings, { notes: true, structure: true })
  const mould = makeMould(plan)
  const { issues } = plan.findings
  return Object.freeze({
    references: plan.notes?.references ?? [],
    issues,
    async resolve(contexts: TemplateContexts, fetchOptions?: FetchOptions): Promise<Result> {
      const fetching = fetchSettings(fetchOptions)
      fetching.signal?.throwIfAborted()
      assertContexts(contexts)
      if (issues.length > 0) throw templateError(issues)
      const pending = findValues(plan, contexts, fetching)
      const values = pending instanceof Promise ? await pending : pending
      const result = plan.top === null ? fill(plan, values, null) : fillCopy(plan, plan.top, mould, values)
      if (settings.redactor !== undefined) tellRedactor(settings.redactor, plan, values)
      return result as Result
    },
  })
}

/** What is copied for each result, and how the copies hang together. */
interface Mould {
  readonly frames: readonly Frame[]
  readonly parents: readonly number[]
  readonly keys: readonly (string | number)[]
  readonly children: readonly number[]
}

function makeMould({ structure, settings }: Plan): Mould {
  const { frames = [], parents = [], keys = [], children = [] } = structure ?? {}
  if (!settings.share) return { frames, parents, keys, children }
  const isCopied = (_: unknown, link: number): boolean => frames[children[link] ?? -1]?.changed === true
  return {
    frames: frames.filter((frame) => frame.changed),
    parents: parents.filter(isCopied),
    keys: keys.filter(isCopied),
    children: children.filter(isCopied),
  }
}

function fillCopy(plan: Plan, top: Frame, mould: Mould, values: Parameters<typeof fill>[1]): unknown {
  const instance = makeInstance(mould)
  fill(plan, values, instance)
  return instance.copies[top.index] ?? plan.root
}

/** Copies every container of a plan. A loop over a list: no recursion, no look-ups, whatever the depth. */
function makeInstance({ frames, parents, keys, children }: Mould): Instance {
  const slots: Slots[] = []
  const copies: object[] = []
  for (const frame of frames) {
    const copy = Array.isArray(frame.slots) ? ([...(frame.slots as unknown[])] as unknown as Slots) : { ...frame.slots }
    slots[frame.index] = copy
    copies[frame.index] = frame.keyed ? {} : copy
  }
  for (let link = 0; link < children.length; link++) {
    const parent = slots[parents[link] ?? -1]
    if (parent !== undefined) parent[keys[link] ?? ''] = copies[children[link] ?? -1]
  }
  return { slots, copies }
}
