/** How long tests wait for what must come. These only end what hangs: nothing that is asserted depends on them. */

/** The limit of a test and of a hook, in milliseconds. */
export const TEST_LIMIT_MS = 600_000

/** The limit of one wait within a test, or of one program that it runs, in milliseconds. */
export const WAIT_LIMIT_MS = 300_000
