/** Confines a child beyond a process of its own: by Node's permission model, or by another user of the system. */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RegistrationError } from '../errors.ts'

/** What code may do under Node's permission model. Starting processes, addons and worker threads are always refused. */
export interface Permission {
  /** Files and folders that may be read, beside the module's own package and its dependencies. */
  readonly read: readonly string[]
  /** Files and folders that may be written. Default: none. */
  readonly write: readonly string[]
  /** Whether the network may be used, where Node's model covers it. */
  readonly net: boolean
}

/** Another user of the system. */
export interface User {
  readonly uid: number
  readonly gid: number
}

/** The flag that turns the permission model on, where this Node has one. */
function permissionFlag(): string | undefined {
  return ['--permission', '--experimental-permission'].find((flag) => process.allowedNodeEnvironmentFlags.has(flag))
}

/**
 * Makes the flags that confine a child to a permission.
 *
 * @param module - the URL of the module that the child imports.
 * @param entry - the file that children start with.
 * @throws RegistrationError UNSUPPORTED if this Node has no permission model.
 */
export function permissionFlags(permission: Permission, module: string, entry: string): readonly string[] {
  const known = made.get(permission) ?? new Map<string, readonly string[]>()
  made.set(permission, known)
  const flags = known.get(module) ?? makePermissionFlags(permission, module, entry)
  known.set(module, flags)
  return flags
}

/** Flags by permission and module: finding a package's folders asks the file system. */
const made = new WeakMap<Permission, Map<string, readonly string[]>>()

function makePermissionFlags(permission: Permission, module: string, entry: string): string[] {
  const flag = permissionFlag()
  if (flag === undefined) {
    throw new RegistrationError('UNSUPPORTED', `Node ${process.version} has no permission model.`, {
      hint: 'Leave permission out, or run a newer Node.',
    })
  }
  const readable = [...packageFolders(fileURLToPath(module)), ...packageFolders(entry), ...permission.read]
  const flags = [flag, ...new Set(readable.map((path) => `--allow-fs-read=${path}`))]
  for (const path of permission.write) flags.push(`--allow-fs-write=${path}`)
  // Node 20 and 22 warn of the model itself in every child.
  if (process.allowedNodeEnvironmentFlags.has('--disable-warning')) flags.push('--disable-warning=ExperimentalWarning')
  if (permission.net && process.allowedNodeEnvironmentFlags.has('--allow-net')) flags.push('--allow-net')
  return flags
}

/** The folders from which a module's package loads code: the package itself, and every node_modules above it. */
function packageFolders(file: string): string[] {
  const folders: string[] = []
  const start = dirname(existsSync(file) ? realpathSync(file) : file)
  let root: string | undefined
  for (let folder = start; ; folder = dirname(folder)) {
    if (root === undefined && existsSync(join(folder, 'package.json'))) root = folder
    if (existsSync(join(folder, 'node_modules'))) folders.push(join(folder, 'node_modules', '*'))
    if (existsSync(join(folder, 'package.json'))) folders.push(join(folder, 'package.json'))
    if (folder === dirname(folder)) break
  }
  return [join(root ?? start, '*'), ...folders]
}

/**
 * Checks that this process may start children as another user.
 *
 * @throws RegistrationError UNSUPPORTED if it is not root, or the system knows no users.
 */
export function assertMayChangeUser(): void {
  if (process.getuid?.() === 0) return
  throw new RegistrationError('UNSUPPORTED', 'Only a process of the user root can start children as another user.', {
    hint: 'Leave uid out, or start the host as root.',
  })
}

/** Becomes another user, for good. */
export function becomeUser({ uid, gid }: User): void {
  if (!process.setgroups || !process.setgid || !process.setuid) throw new Error('This system knows no users.')
  process.setgroups([])
  process.setgid(gid)
  process.setuid(uid)
}
