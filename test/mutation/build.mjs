/** Builds the package in the sandbox of a mutation run. The build needs the packages, and Stryker links them only after it. */
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'

symlinkSync(process.env.MUTATION_PACKAGES, 'node_modules')
execFileSync('npx', ['tsup', '--no-dts'], { stdio: ['ignore', 'ignore', 'inherit'] })
