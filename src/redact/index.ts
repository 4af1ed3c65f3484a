/** Masks known secret values in texts, JSON, errors and streams. */
export { createRedactor, type RedactError, type Redactor } from './redactor.ts'
export { type RedactingTransformStream } from './stream.ts'
export { MASK, WITHHELD } from './mask.ts'
