/** Variables that change how a process itself runs, and that a secret therefore does not set by accident. */

const RESERVED = [
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_EXTRA_CA_CERTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'NODE_V8_COVERAGE',
  'NODE_CHANNEL_*',
  'LD_*',
  'DYLD_*',
  'PATH',
  'HOME',
  'SHELL',
  'IFS',
  'ENV',
  'BASH_ENV',
  'PYTHONPATH',
  'PYTHONSTARTUP',
  'PYTHONHOME',
  'GIT_SSH*',
  'GIT_ASKPASS',
  'GIT_CONFIG*',
  'GIT_EXEC_PATH',
  'GIT_PROXY_COMMAND',
  'GIT_EDITOR',
  'GIT_PAGER',
  'GIT_EXTERNAL_DIFF',
  '*_PROXY',
  'SSL_CERT_*',
  'OPENSSL_CONF',
  'TINYPOOL_*',
  'UV_*',
  'LATCHKEY_*',
]
/** Whoever sets one of these owns the process or the library: no requirement can admit them. */
const NEVER = ['PATH', 'NODE_OPTIONS', 'LD_*', 'DYLD_*', 'LATCHKEY_*']

const reserved = pattern(RESERVED)
const never = pattern(NEVER)

/** Tells whether a variable is reserved. Case does not matter: `http_proxy` works like `HTTP_PROXY`. */
export function isReserved(variable: string): boolean {
  return reserved.test(variable)
}

/** Tells whether a requirement's `allowReserved` may name a variable. */
export function isAdmissible(variable: string): boolean {
  return !never.test(variable)
}

function pattern(names: readonly string[]): RegExp {
  return new RegExp(`^(?:${names.map((name) => name.replace('*', '.*')).join('|')})$`, 'i')
}
