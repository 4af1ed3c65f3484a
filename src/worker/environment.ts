/** A process's environment: what a child gets from its host, and setting it to exactly some variables. */

const ALWAYS = [
  'PATH',
  'HOME',
  'LANG',
  'TZ',
  'TMPDIR',
  'NODE_ENV',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NO_PROXY',
]
const WINDOWS = ['SystemRoot', 'windir', 'TEMP', 'TMP', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'PATHEXT', 'COMSPEC']

/** Variables by name. */
export type Variables = Readonly<Record<string, string>>

/** Copies what a child gets from its host: the allow-list, and the `further` names, where they are set. */
export function allowedVariables(further: readonly string[], env: NodeJS.ProcessEnv = process.env): Variables {
  const names = [...ALWAYS, ...(process.platform === 'win32' ? WINDOWS : []), ...further]
  for (const name of Object.keys(env)) if (name.startsWith('LC_')) names.push(name)
  const allowed = Object.create(null) as Record<string, string>
  for (const name of names) {
    const value = env[name]
    if (value !== undefined) allowed[name] = value
  }
  return allowed
}

/** The object by which the system's own environment is read and set. User code may put another in its place. */
const environment = process.env

/**
 * Puts `process.env` back if something replaced it.
 *
 * @throws Error if it cannot be put back.
 */
export function putEnvironmentBack(): void {
  if (process.env === environment) return
  process.env = environment
  // An accessor may have taken the assignment and done nothing with it.
  if ((process.env as unknown) !== environment) throw new Error('process.env cannot be put back')
}

/**
 * Sets this process's environment to exactly `variables`, and puts `process.env` back if something replaced it.
 *
 * @throws Error if it cannot be put back.
 */
export function setEnvironment(variables: Variables): void {
  putEnvironmentBack()
  for (const name of Object.keys(environment)) {
    if (!(name in variables)) Reflect.deleteProperty(environment, name)
  }
  for (const name of Object.keys(variables)) {
    const value = variables[name]
    if (value !== undefined && environment[name] !== value) environment[name] = value
  }
}
