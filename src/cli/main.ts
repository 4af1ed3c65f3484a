#!/usr/bin/env node
/** The bin `latchkey`. */
import { run } from './run.ts'

process.exitCode = await run(process.argv.slice(2))
