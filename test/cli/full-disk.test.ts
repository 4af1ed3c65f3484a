import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, chownSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cliFolder, failureOf } from '../helpers/run-cli.ts'

const VALUE = 'correct-horse-battery'

/** Mounts a disk of 64 KiB. */
function mountDisk(path: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=777', 'tmpfs', path], { stdio: 'pipe' })
}

function unmount(path: string): void {
  execFileSync('umount', [path], { stdio: 'pipe' })
}

/** Only root may mount, and not everywhere: where it may not, this is skipped. */
function mayMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-disk-'))
  try {
    mountDisk(folder)
    unmount(folder)
    return true
  } catch (error) {
    if (typeof (error as { status?: unknown }).status === 'number') return false
    throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Writes to a file until there is no room for one byte more. */
function fill(path: string): void {
  for (const size of [4096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
}

test.skipIf(!mayMount())(
  'on a full disk every command that writes leaves what was there, whole, and says what to do',
  async () => {
    const folder = cliFolder()
    const disk = folder.at('disk')
    mkdirSync(disk)
    mountDisk(disk)
    try {
      const run = (args: string[], stdin = '') => folder.run(['--file', 'disk/store', ...args], { stdin })
      expect(await run(['init'])).toMatchObject({ code: 0 })
      expect(await run(['set', 'app', 'K'], VALUE)).toMatchObject({ code: 0 })
      expect(await run(['set', 'app', 'L'], VALUE)).toMatchObject({ code: 0 })
      for (const name of ['old.env', 'old.yaml']) {
        writeFileSync(join(disk, name), 'old')
        const { uid, gid } = statSync(join(disk, 'store'))
        chownSync(join(disk, name), uid, gid)
      }
      writeFileSync(folder.at('template.yaml'), 'pass: "{{ SECRETS.app.K }}"\n')
      writeFileSync(folder.at('in.json'), JSON.stringify({ two: { K: VALUE } }))
      fill(join(disk, 'filler'))
      // A line for a new key file goes into the .gitignore as long as that has room: it is not looked at.
      const contents = () =>
        readdirSync(disk)
          .filter((name) => name !== '.gitignore')
          .sort()
          .map((name) => [name, readFileSync(join(disk, name), 'latin1')])
      const before = contents()
      for (const [args, stdin] of [
        [['set', 'app', 'M'], VALUE],
        [['unset', 'app', 'L']],
        [['rm', 'app', '--yes']],
        [['import', 'in.json']],
        [['rotate-key']],
        [['rotate-key', '--new-key-file', 'disk/next.key']],
        [['recipients', 'add', '--new-key-file', 'disk/other.key']],
        [['export', 'app', '--reveal', '-o', 'disk/new.env']],
        [['export', 'app', '--reveal', '-o', 'disk/old.env', '--force']],
        [['inject', '-i', 'template.yaml', '-o', 'disk/new.yaml']],
        [['inject', '-i', 'template.yaml', '-o', 'disk/old.yaml']],
      ] as const) {
        const ended = await run([...args], stdin)
        expect([args, ...failureOf(ended, VALUE)]).toEqual([args, 1, 'UNAVAILABLE'])
        expect(ended.stderr).toMatch(/\(ENOSPC\)\. \[UNAVAILABLE\]\nhint: .*\b(?:space|room) on the disk/)
        expect(contents(), args.join(' ')).toEqual(before)
      }
      const made = await folder.run(['init', '--file', 'disk/another'])
      expect(failureOf(made, VALUE)).toEqual([1, 'UNAVAILABLE'])
      expect(contents()).toEqual(before)
      expect((await run(['get', 'app', 'K', '--reveal'])).stdout).toBe(`${VALUE}\n`)
      rmSync(join(disk, 'filler'))
      expect(await run(['rotate-key'])).toMatchObject({ code: 0 })
      expect(await run(['import', 'in.json'])).toMatchObject({ code: 0 })
    } finally {
      unmount(disk)
    }
  },
)
