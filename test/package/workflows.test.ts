/** Holds the workflows to what keeps them from being a way into the package, and to what the project has. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../helpers/packed-package.ts'
import { LEFT_OUT, leftOutOn, names } from '../platforms.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Job {
  readonly 'runs-on': string
  readonly 'timeout-minutes'?: number
  readonly permissions?: Readonly<Record<string, string>>
  readonly needs?: string
  readonly if?: string
  readonly environment?: string
  readonly strategy?: { readonly 'fail-fast': boolean; readonly matrix: Readonly<Record<string, readonly unknown[]>> }
  readonly steps: readonly Step[]
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions?: unknown
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean }
  readonly jobs: Readonly<Record<string, Job>>
}

const FOLDER = join(ROOT, '.github/workflows')
const files = readdirSync(FOLDER).sort()
const texts = Object.fromEntries(files.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]))
const workflows = Object.fromEntries(files.map((name) => [name, parse(texts[name] ?? '') as Workflow]))
const jobs = Object.entries(workflows).flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([name, job]) => [`${name} of ${file}`, job] as const),
)
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }

test('there are two workflows: one that tests, and one that releases', () => {
  expect(files).toEqual(['ci.yml', 'release.yml'])
})

describe.each(files)('%s', (name) => {
  const text = texts[name] ?? ''
  const workflow = workflows[name]!

  test('names every action by its commit, with the version beside it', () => {
    const uses = text.split('\n').filter((line) => /\buses:/.test(line))
    expect(uses.length).toBeGreaterThan(0)
    for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  test('permits nothing but what a job asks for', () => {
    expect(workflow.permissions).toEqual({})
  })

  test('is not started by what strangers can write with the rights of the repository', () => {
    for (const event of Object.keys(workflow.on)) expect(['push', 'pull_request', 'workflow_dispatch']).toContain(event)
  })

  test('runs once at a time', () => {
    expect(workflow.concurrency?.group).toBeTypeOf('string')
    expect(workflow.concurrency?.['cancel-in-progress']).toBe(name !== 'release.yml')
  })

  test('puts nothing that others can choose into a command, and uses no secret', () => {
    for (const { steps } of Object.values(workflow.jobs)) {
      for (const { run = '' } of steps) expect(run).not.toContain('${{')
    }
    expect(text).not.toMatch(/\bsecrets\.|_TOKEN/)
  })
})

describe.each(jobs)('the job %s', (_, job) => {
  test('says how long it may take, and what it may do', () => {
    expect(job['timeout-minutes']).toBeLessThanOrEqual(60)
    expect(job.permissions).toBeDefined()
    expect(job.permissions?.['contents']).toBe('read')
  })

  test('leaves no credentials behind where it checks out, and takes nothing from a cache', () => {
    const checkouts = job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))
    expect(checkouts).toHaveLength(1)
    expect(checkouts[0]?.with?.['persist-credentials']).toBe(false)
    const setups = job.steps.filter(({ uses }) => uses?.startsWith('actions/setup-node@'))
    expect(setups).toHaveLength(1)
    expect(setups[0]?.with?.['package-manager-cache']).toBe(false)
  })

  test('runs scripts that the package has', () => {
    for (const { run } of job.steps) {
      if (run === undefined) continue
      const [, script = /^npm (test)$/.exec(run)?.[1]] = /^npm run (\S+)/.exec(run) ?? []
      if (script === undefined) expect(['npm ci', 'git config --global core.autocrlf false']).toContain(run)
      else expect(scripts).toHaveProperty([script])
    }
  })
})

test('the tests run on every system and every Node that the package is for', () => {
  const strategy = workflows['ci.yml']?.jobs['tests']?.strategy
  expect(strategy?.matrix).toEqual({
    os: ['ubuntu-latest', 'macos-latest', 'windows-latest'],
    node: [20, 22, 24, 26],
  })
  expect(strategy?.['fail-fast']).toBe(false)
  expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).toContain(`nodes=(${strategy?.matrix['node']?.join(' ') ?? ''})`)
})

test('one job alone can say who it is: the one that publishes, which installs nothing', () => {
  const able = jobs.filter(([, { permissions }]) => permissions?.['id-token'] !== undefined)
  expect(able.map(([name]) => name)).toEqual(['publish of release.yml'])
  const [, publish] = able[0]!
  expect(publish.permissions).toEqual({ contents: 'read', 'id-token': 'write' })
  expect(publish).toMatchObject({ if: 'inputs.publish', needs: 'pack', environment: 'npm' })
  expect(publish.steps.flatMap(({ run = [] }) => run)).toEqual([
    'npm run release -- --tarball "$TARBALLS"/*.tgz --publish',
  ])
  for (const [name, { permissions }] of jobs) {
    if (name !== 'publish of release.yml') expect(permissions).toEqual({ contents: 'read' })
  }
})

test('a release is only tried where nobody asks for it to be published', () => {
  const { on } = workflows['release.yml']!
  expect(on).toMatchObject({ workflow_dispatch: { inputs: { publish: { type: 'boolean', default: false } } } })
})

describe('what is left out on other systems', () => {
  const all = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .map((path) => `test/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts'))
    .sort()
  const leftOut = (platform: string): string[] => {
    return all.filter((file) => leftOutOn(platform).some((entry) => names(entry, file)))
  }

  test('is nothing on Linux, nor on a system that nobody thought of', () => {
    expect([leftOutOn('linux'), leftOutOn('freebsd')]).toEqual([[], []])
  })

  test('are files and folders that are there', () => {
    const entries = Object.values(LEFT_OUT).flatMap((entries) => Object.keys(entries))
    expect(entries.filter((entry) => !all.some((file) => names(entry, file)))).toEqual([])
  })

  test('are on macOS all files that look into what only Linux has', () => {
    // This file has the words as well.
    const others = all.filter((file) => file !== 'test/package/workflows.test.ts')
    const linux = others.filter((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8')
      return /\/proc\b|\/dev\/full|\b(isAlive|childrenOf)\(/.test(text)
    })
    expect(linux).toEqual(leftOut('darwin'))
  })

  test('are on Windows less than half of all files', () => {
    expect(leftOut('win32').length).toBeGreaterThan(leftOut('darwin').length)
    expect(leftOut('win32').length).toBeLessThan(all.length / 2)
  })
})
