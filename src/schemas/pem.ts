/** PEM texts (RFC 7468): blocks of base64 between lines that say what they hold. */

/** One block. */
export interface PemBlock {
  /** What the lines around it say, e.g. `CERTIFICATE`. */
  readonly label: string
  /** The whole block with its first and its last line, each ended by LF. */
  readonly text: string
}

const BEGIN = /^-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,60})-----$/
const END = /^-----END ([A-Z0-9][A-Z0-9 ]{0,60})-----$/

/**
 * Mends what happens to the lines of a PEM text on its way through forms, files and variables: CRLF, CR, or the two characters
 * `\n` for LF, blanks at the ends of lines and around the text, and a last line without its end. Nothing that
 * may stand in a PEM text is lost by it: base64 has neither a backslash nor a blank.
 */
export function mendedPem(text: string): string {
  const lines = text.replace(/\r\n?|(?:\\r)?\\n/g, '\n').split('\n')
  return `${lines
    .map((line) => line.trim())
    .join('\n')
    .trim()}\n`
}

/** Lists the blocks of a mended text, whatever stands around them; `undefined` where one is not ended as it began. */
export function pemBlocks(mended: string): PemBlock[] | undefined {
  const blocks: PemBlock[] = []
  let open: { readonly label: string; readonly lines: string[] } | undefined
  for (const line of mended.split('\n')) {
    const [, begun] = BEGIN.exec(line) ?? []
    const [, ended] = END.exec(line) ?? []
    if (begun !== undefined) {
      if (open !== undefined) return undefined
      open = { label: begun, lines: [line] }
    } else if (ended !== undefined) {
      if (open?.label !== ended) return undefined
      blocks.push({ label: ended, text: `${[...open.lines, line].join('\n')}\n` })
      open = undefined
    } else open?.lines.push(line)
  }
  return open === undefined ? blocks : undefined
}
