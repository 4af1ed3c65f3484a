/** Writes docs/cli.md anew: `npm run docs:cli`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { cliPage } from './cli-page.ts'

const path = new URL('../../docs/cli.md', import.meta.url)
writeFileSync(path, await cliPage(readFileSync(path, 'utf8')))
