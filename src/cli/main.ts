#!/usr/bin/env node
/** The bin `latchkey`. */
import { EXIT } from './exit-codes.ts'
import { run } from './run.ts'

// What is still so at the end if nothing is left that it could wait for.
process.exitCode = EXIT.failure
void run(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
