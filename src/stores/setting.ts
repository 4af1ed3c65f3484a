/** Checks of options that several stores have. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { argumentError } from '../errors.ts'

/** Gives the absolute path that a path or a `file:` URL names; otherwise throws INVALID_OPTION. */
export function pathSetting(store: string, path: unknown): string {
  if (path instanceof URL) {
    if (path.protocol === 'file:') return fileURLToPath(path)
  } else if (typeof path === 'string' && path !== '' && !path.includes('\0')) {
    return resolve(path)
  }
  throw argumentError('INVALID_OPTION', `${store}: path must be a path or a file: URL.`)
}

/** Gives a whole number from `least` to `most`; otherwise throws INVALID_OPTION. */
export function wholeSetting(store: string, name: string, value: unknown, least: number, most: number): number {
  if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value)
  throw argumentError('INVALID_OPTION', `${store}: ${name} must be a whole number from ${least} to ${most}.`)
}
