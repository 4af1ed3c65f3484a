/** Tells what a template asks for. */
import { readTemplate } from './read.ts'
import { analyzeSettings } from './settings.ts'
import type { AnalyzeOptions, TemplateAnalysis } from './types.ts'

/**
 * Tells what a template refers to and what is wrong with it: no store, no values, synchronous.
 *
 * @param json - the template.
 * @returns every use of a reference, every tag of another namespace, and the issues that reading it gives.
 * @throws TypeError for a wrong option.
 * @example
 * ```ts
 * const { references } = analyzeTemplate('Bearer {{ SECRETS.my_datadog_secret.DATADOG_API_KEY }}')
 * references[0]?.segments // ['my_datadog_secret', 'DATADOG_API_KEY']
 * ```
 */
export function analyzeTemplate(json: unknown, options?: AnalyzeOptions): TemplateAnalysis {
  const settings = analyzeSettings(options)
  const { notes, issues } = readTemplate(json, settings.namespaces, settings, { notes: true })
  return { references: notes?.references ?? [], foreign: notes?.foreign ?? [], issues }
}
