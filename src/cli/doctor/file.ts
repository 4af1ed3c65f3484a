/** Looks at a store file, its key file, and their folder. */
import { execFile } from 'node:child_process'
import { lstatSync, readdirSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Input } from '../command.ts'
import { errnoOf } from '../failure.ts'
import { fail, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'
import { examineStore } from './records.ts'

/** Examines the store file that the options name. */
export async function examineFile(input: Input): Promise<Finding[]> {
  const store = resolve(input.text('file') ?? 'secrets.latchkey')
  const { LATCHKEY_KEY: key, LATCHKEY_KEY_FILE: named } = process.env
  const files = input.texts('key-file')
  const keyFile = files[0] ?? (key === undefined ? (named ?? `${store}.key`) : undefined)
  return [
    node(),
    file('store file', store, 0o022),
    ...(keyFile === undefined
      ? [ok('key', 'It comes from LATCHKEY_KEY.')]
      : [file('key file', resolve(keyFile), 0o077), ...(await git(resolve(keyFile)))]),
    ...leftovers(store),
    ...(await examineStore(input)),
  ]
}

function node(): Finding {
  const version = process.versions.node
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return ok('node', `Node ${version}.`)
  return fail('node', `Node ${version} is older than latchkey needs.`, 'Install Node 20.19 or newer.')
}

/** @param others - the permission bits that a file of this kind may not have. */
function file(about: string, path: string, others: number): Finding {
  try {
    const stats = lstatSync(path)
    if (stats.isSymbolicLink()) return ok(about, `${path} is a symbolic link.`)
    if (!stats.isFile()) return fail(about, `${path} is not a regular file.`, 'Name another file.')
    const mode = (stats.mode & 0o777).toString(8)
    if ((stats.mode & others) !== 0) {
      return fail(about, `${path} has permissions ${mode}: too many.`, `Run chmod 600 on it.`)
    }
    return ok(about, `${path}, permissions ${mode}.`)
  } catch (error) {
    const errno = errnoOf(error) ?? 'unknown'
    if (errno === 'ENOENT' && about === 'key file') {
      return warn(about, `There is no ${path}.`, 'That is well if a pass phrase opens the store: give --passphrase.')
    }
    const next = errno === 'ENOENT' ? 'Name another with --file, or run latchkey init.' : 'Check who may look at it.'
    return fail(about, `Could not look at ${path} (${errno}).`, next)
  }
}

/** Whether git would take the key, or has it already. Says nothing where there is no git, or no repository. */
async function git(keyFile: string): Promise<Finding[]> {
  const run = async (...args: string[]): Promise<number | undefined> => {
    try {
      await promisify(execFile)('git', ['-C', dirname(keyFile), ...args, '--', basename(keyFile)])
      return 0
    } catch (error) {
      const { code } = error as { code?: unknown }
      return typeof code === 'number' ? code : undefined
    }
  }
  if ((await run('ls-files', '--error-unmatch')) === 0) {
    const next = 'Make a new one (latchkey rotate-key --new-key-file), change the values, and take it out of git.'
    return [fail('git', `The key file ${keyFile} is in git.`, next)]
  }
  const ignored = await run('check-ignore', '--quiet')
  if (ignored === 0) return [ok('git', 'It does not take the key file.')]
  // 128: this is no repository.
  if (ignored !== 1) return []
  return [warn('git', 'It would take the key file with git add.', `Add ${basename(keyFile)} to .gitignore.`)]
}

/** What a crash leaves beside a store; the next write takes it away. */
function leftovers(store: string): Finding[] {
  const name = basename(store)
  try {
    const left = readdirSync(dirname(store)).filter(
      (entry) => entry.startsWith(`${name}.`) && /\.(?:tmp|lock)/.test(entry),
    )
    if (left.length === 0) return []
    return [
      warn('folder', `Somebody writes just now, or a crash left ${left.join(', ')}.`, 'The next write sees to it.'),
    ]
  } catch (error) {
    return [fail('folder', `Could not look at it (${errnoOf(error) ?? 'unknown'}).`, 'Check who may look at it.')]
  }
}
