/** `latchkey doctor`. */
import { FILE_OPTIONS, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { examineFile } from '../doctor/file.ts'
import { examineStore } from '../doctor/records.ts'
import type { Finding } from '../doctor/finding.ts'
import { EXIT } from '../exit-codes.ts'
import { addressOf } from '../store.ts'
import { printRows } from '../table.ts'

export const doctor: Command = {
  summary: 'Looks whether a store and its key are as they should be',
  arguments: [],
  options: { ...STORE_OPTIONS, ...FILE_OPTIONS },
  details: [
    'It opens the store, reads every secret, also after one that does not open, and looks at who may read the files, whether git would take the key, and what a crash left. It shows no value and changes nothing.',
    'Each line says ok, warn or fail, what was looked at, and what was found, with what to do. The exit code is 1 if something fails. Names that are no keys, such as the tls.crt of a secret that Kubernetes mounts, are a warning.',
  ],
  examples: ['latchkey doctor', 'latchkey doctor --store vault:secret/apps --json'],
  async run(input) {
    const address = addressOf(input)
    const findings: Finding[] = address === undefined ? await examineFile(input) : await examineStore(input)
    await printRows(
      input,
      ['STATE', 'ABOUT', 'FOUND'],
      findings,
      {
        cells: ({ state, about, found, next }) => [state, about, [found, next].filter(Boolean).join(' ')],
        json: (finding) => finding,
      },
      'whole',
    )
    return findings.some(({ state }) => state === 'fail') ? EXIT.failure : EXIT.ok
  },
}
