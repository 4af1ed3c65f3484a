/** Fills secrets and other data into JSON. */
export { TemplateError } from '../errors.ts'
export type { TemplateErrorCode, TemplateIssue } from '../errors.ts'
export { analyzeTemplate } from './analyze.ts'
export { checkTemplate } from './check.ts'
export { compileTemplate } from './compile.ts'
export { literal } from './literal.ts'
export type { Literal } from './literal.ts'
export { migrateTemplate } from './migrate.ts'
export type { MigrateOptions, TemplateChange, TemplateMigration } from './migrate.ts'
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
