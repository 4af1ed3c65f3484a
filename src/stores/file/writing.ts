/** The writing verbs of a file store. */
import { checkedValues } from '../../secret.ts'
import type { SecretAddress, SecretInfo } from '../../secret.ts'
import type { WritableSecretStore } from '../../store.ts'
import { infoAnswer } from '../answer.ts'
import { assertOptions, assertVersion, checkedScope, checkedSet, checkedVersion, unknownVersion } from '../request.ts'
import type { Committer } from './commit.ts'
import type { Draft } from './draft.ts'
import type { Content } from '../document/content.ts'
import { STORE } from './failure.ts'
import { openRecord, sealedRecord, sealRecord, versionToken } from './record.ts'

/** The verbs that write. None uses `this`. */
export type WritingVerbs = Required<Pick<WritableSecretStore, 'set' | 'delete' | 'rollback'>>

/**
 * Makes the verbs that write.
 *
 * @param open - gives the committer; throws if the store is closed.
 * @param history - how many older versions are kept.
 */
export function writingVerbs(open: () => Committer, history: number): WritingVerbs {
  const add = (draft: Draft, { scope, secret: name }: SecretAddress, content: Content): SecretInfo => {
    const { header } = draft.view.document
    const mark = { scope, name, version: draft.nextVersion(), createdAt: new Date().toISOString() }
    const line = sealRecord(draft.view.primary, header, mark, content)
    const older = history === 0 ? [] : draft.lines(scope, name).slice(-history)
    draft.put(scope, name, [...older, line])
    const createdAt = Date.parse(mark.createdAt)
    return infoAnswer({ scope, name, version: versionToken(header, mark.version), createdAt, ...content })
  }

  return {
    async set(name, values, options) {
      const committer = open()
      const { address, ifVersion, mode, description } = checkedSet(STORE, name, options)
      const { scope } = address
      const given = checkedValues(values, address)
      return committer.change((draft) => {
        const { header } = draft.view.document
        const live = draft.lines(scope, name).at(-1)
        assertVersion(live && versionToken(header, live.version), ifVersion, address)
        if (mode === 'replace' || live === undefined) return add(draft, address, { values: given, description })
        const before = openRecord(sealedRecord(live, header, draft.view.keys))
        const merged = checkedValues({ ...before.values, ...given }, address)
        return add(draft, address, { values: merged, description: description ?? before.description })
      })
    },

    async delete(name, options) {
      const committer = open()
      assertOptions('delete', options, ['scope', 'ifVersion'])
      const scope = checkedScope(name, options)
      const ifVersion = checkedVersion('delete', options?.ifVersion)
      return committer.change((draft) => {
        const live = draft.lines(scope, name).at(-1)
        const version = live && versionToken(draft.view.document.header, live.version)
        assertVersion(version, ifVersion, { store: STORE, scope, secret: name })
        if (live === undefined) return false
        draft.nextVersion()
        draft.put(scope, name, [])
        return true
      })
    },

    async rollback(name, version, options) {
      const committer = open()
      assertOptions('rollback', options, ['scope'])
      const scope = checkedScope(name, options)
      const address = { store: STORE, scope, secret: name }
      return committer.change((draft) => {
        const { header } = draft.view.document
        const older = draft.lines(scope, name).find((line) => versionToken(header, line.version) === version)
        if (older !== undefined) {
          const { values, description } = openRecord(sealedRecord(older, header, draft.view.keys))
          return add(draft, address, { values, description })
        }
        throw unknownVersion(address)
      })
    },
  }
}
