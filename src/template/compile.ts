/** Reads a template once, to fill it in many times. */
import { fill, type Instance } from './fill.ts'
import type { Frame, Slots } from './frame.ts'
import { templateError } from './issue.ts'
import type { Plan } from './plan.ts'
import { readTemplate } from './read.ts'
import { filledPlan } from './short-way.ts'
import { compileSettings, fetchSettings } from './settings.ts'
import { assertContexts } from './sources.ts'
import type { CompiledTemplate, CompileOptions, FetchOptions, Resolved, TemplateContexts } from './types.ts'
import { findValues, tellRedactor, type Values } from './values.ts'

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
  const { issues } = plan
  const isText =
    typeof plan.root === 'string' && plan.sites !== null && issues.length === 0 && settings.redactor === undefined
  const finish = (values: Values): unknown => {
    const result = plan.top === null ? fill(plan, values, null) : fillCopy(plan, plan.top, mould, values)
    if (settings.redactor !== undefined) tellRedactor(settings.redactor, plan, values)
    return result
  }
  /** Not an async function: where no store is asked, there is nothing to wait for. */
  const resolveAny = (contexts: TemplateContexts, options: FetchOptions | undefined): Promise<unknown> => {
    const fetching = fetchSettings(options)
    fetching.signal?.throwIfAborted()
    assertContexts(contexts)
    if (issues.length !== 0) throw templateError(issues)
    const pending = plan.paths === null ? NO_VALUES : findValues(plan, contexts, fetching)
    return pending instanceof Promise ? pending.then(finish) : Promise.resolve(finish(pending))
  }
  return Object.freeze({
    references: plan.notes?.references ?? [],
    issues,
    resolve(contexts: TemplateContexts, options?: FetchOptions): Promise<Result> {
      try {
        const text = isText && options === undefined ? filledPlan(plan, contexts) : undefined
        return (text === undefined ? resolveAny(contexts, options) : Promise.resolve(text)) as Promise<Result>
      } catch (error) {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort's reason is the caller's own
        return Promise.reject(error)
      }
    },
  })
}

const NO_VALUES: Values = { values: [], faults: null }

/** What is copied for each result, and how the copies hang together. */
interface Mould {
  readonly frames: readonly Frame[]
  readonly parents: readonly number[]
  readonly keys: readonly (string | number)[]
  readonly children: readonly number[]
  /** True if an object is put together from filled in keys. */
  readonly isKeyed: boolean
}

function makeMould({ structure, settings, keyed }: Plan): Mould {
  const { frames = [], parents = [], keys = [], children = [] } = structure ?? {}
  const isKeyed = keyed !== null
  if (!settings.share) return { frames, parents, keys, children, isKeyed }
  const isCopied = (_: unknown, link: number): boolean => frames[children[link] ?? -1]?.changed === true
  return {
    frames: frames.filter((frame) => frame.changed),
    parents: parents.filter(isCopied),
    keys: keys.filter(isCopied),
    children: children.filter(isCopied),
    isKeyed,
  }
}

function fillCopy(plan: Plan, top: Frame, mould: Mould, values: Values): unknown {
  const instance = makeInstance(mould)
  if (plan.sites !== null) fill(plan, values, instance)
  return instance.copies[top.index] ?? plan.root
}

/** Copies every container of a plan. A loop over a list: no recursion, no look-ups, whatever the depth. */
function makeInstance({ frames, parents, keys, children, isKeyed }: Mould): Instance {
  const slots: Slots[] = []
  for (const frame of frames) {
    slots[frame.index] = frame.isList
      ? ([...(frame.slots as unknown as unknown[])] as unknown as Slots)
      : { ...frame.slots }
  }
  const copies: object[] = isKeyed ? [...slots] : slots
  if (isKeyed) for (const frame of frames) if (frame.keyed) copies[frame.index] = {}
  for (let link = 0; link < children.length; link++) {
    const parent = slots[parents[link] ?? -1]
    if (parent !== undefined) parent[keys[link] ?? ''] = copies[children[link] ?? -1]
  }
  return { slots, copies }
}
