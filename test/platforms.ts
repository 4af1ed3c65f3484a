/** Which tests are left out where, by name: what they need is not there. Everything else is run on every system. */

/** Files of tests, and folders of them with a slash at the end, each with what it needs. */
type Left = Readonly<Record<string, string>>

const LINUX_ONLY: Left = {
  'test/cli/inject.test.ts': '/dev/full',
  'test/cli/list.test.ts': '/dev/full',
  'test/cli/processes.test.ts': '/proc of other processes',
  'test/cli/run.test.ts': '/proc and /dev/full',
  'test/cli/transfer.test.ts': '/dev/full',
  'test/registry/renewal.test.ts': '/proc of other processes',
  'test/stores/file/keys.test.ts': '/proc/self/fd',
  'test/testing/leak-probe.test.ts': '/proc of other processes',
  'test/worker/confinement.test.ts': '/proc of other processes',
  'test/worker/hosts.test.ts': '/proc of other processes',
  'test/worker/isolation.test.ts': '/proc of other processes',
  'test/worker/lifecycle.test.ts': '/proc of other processes',
}

const POSIX_ONLY: Left = {
  'test/cli/': 'a shell, signals and permission bits',
  'test/crypto/vectors.test.ts': 'the encrypted file',
  'test/docs/': 'a shell',
  'test/package/examples.test.ts': 'a shell and symbolic links',
  'test/package/installed.test.ts': 'a shell and symbolic links',
  'test/package/runtimes.test.ts': 'a shell and symbolic links',
  'test/registry/events.test.ts': 'the encrypted file, and signals',
  'test/release/': 'a shell',
  'test/stores/cached.test.ts': 'the encrypted file',
  'test/stores/chain.test.ts': 'the encrypted file',
  'test/stores/file.test.ts': 'the encrypted file',
  'test/stores/scoped.test.ts': 'the encrypted file',
  'test/stores/sealed.test.ts': 'the encrypted file',
  'test/stores/directory.test.ts': 'symbolic links and permission bits',
  'test/stores/directory/': 'symbolic links, by which mounted secrets are swapped',
  'test/stores/file/': 'the encrypted file',
  'test/stores/sealing/open.test.ts': 'the encrypted file',
  'test/testing/own-paths.test.ts': 'symbolic links and a shell',
  'test/testing/runners.test.ts': 'symbolic links and a shell',
}

/** What is left out on each system of CI. docs/platforms.md says what that leaves untested. */
export const LEFT_OUT: Readonly<Record<'linux' | 'darwin' | 'win32', Left>> = {
  linux: {},
  darwin: LINUX_ONLY,
  win32: { ...LINUX_ONLY, ...POSIX_ONLY },
}

/** Files and folders to leave out on a system; nothing is left out on one that nobody thought of. */
export function leftOutOn(platform: string): string[] {
  return platform in LEFT_OUT ? Object.keys(LEFT_OUT[platform as keyof typeof LEFT_OUT]) : []
}

/** Tells whether a file is what an entry names, or in the folder that it names. */
export function names(entry: string, file: string): boolean {
  return entry.endsWith('/') ? file.startsWith(entry) : file === entry
}
