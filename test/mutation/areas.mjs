/**
 * What Stryker changes in each area, a file or all files of a folder, and the tests that must notice.
 *
 * `without` are tests of the built package, which cannot see a change of `src`. `long` are titles of tests that take long, as of
 * properties, of which many cases are tried: they run only for the changes that no other test notices. `never` are those that
 * measure time or memory.
 */
const AREAS = {
  secret: { source: 'src/secret.ts', tests: ['test/secret.test.ts'] },
  crypto: {
    source: 'src/crypto',
    tests: ['test/crypto/**/*.test.ts'],
    long: [
      'random texts',
      'every flipped bit',
      'frozen store',
      'whatever Unicode form',
      'a wrong pass phrase',
      'is tried on each wrap',
    ],
  },
  template: {
    source: 'src/template',
    tests: ['test/template/**/*.test.ts'],
    without: ['test/template/package.test.ts'],
    long: [
      'of any text come out',
      'more containers than one part',
      'come out as they went in',
      'the first time and when',
      'wherever that is passed',
    ],
    never: ['1 MB takes no more', '100,000 levels', 'linear in keys'],
  },
  redact: {
    source: 'src/redact',
    tests: ['test/redact/**/*.test.ts'],
    without: ['test/redact/applied.test.ts'],
    long: [
      'wherever it stands in a text',
      'what stands around it',
      'a text without the value',
      'at each alignment in a longer',
      'broken into any pieces',
      'changes nothing, for any values',
      'finds what a search for each',
      'alike in one piece and in many',
      'for any values, texts and cuts',
      'changes no byte outside',
      'cut in two at every byte',
      'byte by byte',
      'broken over two lines with colours',
      'broken into lines of any length',
      'passes a complete line on',
      'wherever two chunks end',
      'a web stream gives strings for strings',
      'one long run of values',
      'hundreds with a common prefix',
    ],
    never: [
      'as deep as the value',
      'keeps no process alive',
      'no more than their length',
      '10 MB',
      'ten thousand keys',
    ],
  },
  registry: {
    source: 'src/registry',
    tests: ['test/registry/**/*.test.ts'],
    built: true,
    long: [
      'in a child',
      'scopes that take turns',
      'with()',
      'what comes back',
      'with watch: true',
      'what renews',
      'latchkey:',
      'a decorated static method',
      'in a child of its own',
      'does not register the function',
      "program's main module",
      'a subscriber that throws',
      'without subscribers',
    ],
    never: ['100 concurrent calls', 'many asks for each of 1,000'],
  },
}

export const names = Object.keys(AREAS)

/** The area of that name. */
export function area(name) {
  const found = AREAS[name]
  if (found === undefined) throw new Error(`Name an area: ${names.join(', ')}.`)
  return { without: [], long: [], never: [], built: false, ...found }
}
