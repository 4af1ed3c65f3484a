/** The lists of several stores as one. */
import type { SecretInfo } from '../../secret.ts'
import type { ListOptions, SecretStore } from '../../store.ts'
import { labelled } from './label.ts'

/** Goes through the lists of all members at once. Each is sorted, so the least of their heads comes next. */
export async function* mergedList(members: readonly SecretStore[], options: ListOptions): AsyncGenerator<SecretInfo> {
  const lists = members.map((member) => member.list(options)[Symbol.asyncIterator]())
  try {
    const heads = await Promise.all(lists.map((list) => list.next()))
    for (;;) {
      const left = heads.flatMap((head, index) => (head.done === true ? [] : [{ index, info: head.value }]))
      if (left.length === 0) return
      const first = left.reduce((least, other) => (other.info.name < least.info.name ? other : least))
      yield labelled(first.index, first.info)
      // The name's later holders are hidden by the first.
      const same = left.filter(({ info }) => info.name === first.info.name)
      const next = await Promise.all(
        same.map(async ({ index }) => [index, await (lists[index] as AsyncIterator<SecretInfo>).next()] as const),
      )
      for (const [index, head] of next) heads[index] = head
    }
  } finally {
    await Promise.allSettled(lists.map(async (list) => list.return?.()))
  }
}
