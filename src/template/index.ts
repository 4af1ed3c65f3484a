/** Fills secrets and other data into JSON. */
export { TemplateError } from '../errors.ts'
export type { TemplateErrorCode, TemplateIssue } from '../errors.ts'
export { analyzeTemplate } from './analyze.ts'
export { literal } from './literal.ts'
export type { Literal } from './literal.ts'
export { resolveTemplate } from './resolve.ts'
export type {
  AnalyzeOptions,
  CompiledTemplate,
  CompileOptions,
  FetchOptions,
  ParseOptions,
  Resolved,
  ResolveOptions,
  SecretRecords,
  SecretSource,
  TagPlace,
  TemplateAnalysis,
  TemplateContexts,
  TemplateLimits,
  TemplateRedactor,
  TemplateReference,
  TemplateSyntax,
} from './types.ts'
