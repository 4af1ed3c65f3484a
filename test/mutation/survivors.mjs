/** Tells each mutant that lives as soon as it does, and how far the run is. */
import { relative } from 'node:path'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'

class Survivors {
  #tested = 0
  #count = 0

  onMutationTestingPlanReady({ mutantPlans }) {
    this.#count = mutantPlans.length
  }

  onMutantTested({ status, fileName, location: { start }, mutatorName, replacement }) {
    this.#tested += 1
    if (status === 'Killed') return
    const place = `${relative('.', fileName)}:${start.line}:${start.column - 1}`
    console.log(`${this.#tested}/${this.#count} ${status} ${place} ${mutatorName}: ${replacement}`)
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Reporter, 'survivors', Survivors)]
