import type { SecretStore } from 'latchkey'
import * as template from 'latchkey/template'
import type { TemplateError as SameError } from 'latchkey/errors'
import { expectTypeOf, test } from 'vitest'

const request = { url: 'https://{{ SECRETS.a.HOST }}', tries: 3, list: ['a'] as readonly string[] } as const

test('what is resolved has the shape of the template, and may be told what it is', () => {
  type Resolved = { url: string; tries: 3; list: string[] }
  const resolving = () => template.resolveTemplate(request, {})
  expectTypeOf(resolving).returns.toEqualTypeOf<Promise<Resolved>>()
  expectTypeOf(template.resolveTemplate<typeof request>).returns.toEqualTypeOf<Promise<Resolved>>()
  expectTypeOf<template.Resolved<typeof request>>().toEqualTypeOf<Resolved>()
  expectTypeOf(template.resolveTemplate<string, number>).returns.toEqualTypeOf<Promise<number>>()
  expectTypeOf(template.resolveTemplate).parameter(1).toEqualTypeOf<template.TemplateContexts>()
  expectTypeOf(template.resolveTemplate).parameter(2).toEqualTypeOf<template.ResolveOptions | undefined>()
})

test('what is compiled is resolved later, to the same shape', () => {
  type Resolved = template.Resolved<typeof request>
  expectTypeOf(template.compileTemplate<typeof request>).returns.toEqualTypeOf<template.CompiledTemplate<Resolved>>()
  expectTypeOf(template.compileTemplate).parameter(1).toEqualTypeOf<template.CompileOptions | undefined>()
  expectTypeOf<template.CompiledTemplate['references']>().toEqualTypeOf<readonly template.TemplateReference[]>()
})

test('what is analysed or checked is told as data', () => {
  type Analyze = (json: unknown, options?: template.AnalyzeOptions) => template.TemplateAnalysis
  expectTypeOf(template.analyzeTemplate).toEqualTypeOf<Analyze>()
  expectTypeOf(template.checkTemplate).returns.toEqualTypeOf<Promise<readonly template.TemplateIssue[]>>()
  expectTypeOf<template.TemplateAnalysis['foreign']>().toEqualTypeOf<readonly template.TagPlace[]>()
  expectTypeOf<template.TemplateIssue['code']>().toEqualTypeOf<template.TemplateErrorCode>()
  expectTypeOf<'CYCLE'>().toExtend<template.TemplateErrorCode>()
  expectTypeOf(template.TemplateError).instance.toEqualTypeOf<SameError>()
})

test('what is migrated keeps its type', () => {
  type Request = typeof request
  expectTypeOf(template.migrateTemplate<Request>).returns.resolves.toEqualTypeOf<template.TemplateMigration<Request>>()
  expectTypeOf<template.TemplateMigration<Request>['json']>().toEqualTypeOf<typeof request>()
  expectTypeOf<template.TemplateMigration<Request>['changes']>().toEqualTypeOf<readonly template.TemplateChange[]>()
  expectTypeOf<template.MigrateOptions['to']>().toEqualTypeOf<'mustache' | 'dollar' | undefined>()
})

test('what is literal is resolved to itself', () => {
  expectTypeOf(template.literal<{ a: 1 }>).returns.toEqualTypeOf<template.Literal<{ a: 1 }>>()
  expectTypeOf<template.Resolved<{ a: template.Literal<7> }>>().toEqualTypeOf<{ a: 7 }>()
})

test('secrets come from a store, from what can only be read, or from plain records', () => {
  expectTypeOf<SecretStore>().toExtend<template.SecretSource>()
  expectTypeOf<Pick<SecretStore, 'getMany'>>().toExtend<template.SecretSource>()
  expectTypeOf<template.SecretRecords>().toExtend<template.SecretSource>()
  expectTypeOf<template.TemplateContexts['SECRETS']>().toEqualTypeOf<template.SecretSource | undefined>()
})

test('the options are these', () => {
  expectTypeOf<template.TemplateSyntax>().toEqualTypeOf<'mustache' | 'mustache-only' | 'dollar' | 'both'>()
  expectTypeOf<template.ParseOptions['syntax']>().toEqualTypeOf<template.TemplateSyntax | undefined>()
  expectTypeOf<template.ParseOptions['limits']>().toEqualTypeOf<template.TemplateLimits | undefined>()
  expectTypeOf<template.TemplateLimits['depth']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<template.FetchOptions>().toEqualTypeOf<{
    readonly scope?: string | undefined
    readonly signal?: AbortSignal | undefined
  }>()
  expectTypeOf<template.ResolveOptions>().toExtend<template.ParseOptions & template.FetchOptions>()
  expectTypeOf<template.ResolveOptions['redactor']>().toEqualTypeOf<template.TemplateRedactor | undefined>()
  expectTypeOf<template.CompileOptions>().toExtend<template.AnalyzeOptions>()
})
