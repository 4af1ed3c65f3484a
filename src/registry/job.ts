/** What the scheduler is given of a run, whether to call it or to make a worker ready for it. */
import { allowedVariables } from '../worker/environment.ts'
import { mainModules } from '../worker/host-modules.ts'
import type { Payload } from '../worker/payload.ts'
import type { Job } from '../worker/job.ts'
import { otherOrigins } from '../worker/origin.ts'
import type { RegistrySettings } from './options.ts'
import type { Placement } from './placement.ts'
import type { Run } from './run.ts'

/** The parts of a job that follow from its run. */
export type JobParts = Pick<Job, 'key' | 'family' | 'flags' | 'init' | 'call'>

/** Makes these parts. */
export function jobParts(run: Run, placement: Placement, args: Payload, settings: RegistrySettings): JobParts {
  const { entry, scope, partition } = run
  const { module, user, flags, family, key } = placement
  const others = otherOrigins(module, entry.name, entry.origin)
  return {
    key,
    family,
    flags,
    init: () => {
      const variables = { ...allowedVariables(settings.env), ...run.variables }
      return { key, module, variables, secrets: run.secrets, mains: mainModules(), user }
    },
    call: { key, name: entry.name, module, origin: entry.origin, others, scope, partition, args },
  }
}
