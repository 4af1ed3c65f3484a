/** Cuts long texts of errors, in a way that leaves no part of a value at the end, which a redactor would not find. */

/** Longer texts are cut. UTF-16 units. */
const LONGEST = 32 * 1024
/** More than any form of a value takes that a redactor looks for, with what may break it. */
const OVERLAP = 2048

/** Takes of a text what {@link maskedAndCut} needs of it. */
export function withoutRest(text: string): string {
  return text.length <= LONGEST ? text : text.slice(0, LONGEST + OVERLAP)
}

/** Masks a text; of one that is too long, leaves out the end, in which a value may be that was cut in two. */
export function maskedAndCut(text: string, mask: (text: string) => string): string {
  const masked = mask(text)
  if (text.length <= LONGEST) return masked
  return `${masked.slice(0, Math.max(0, Math.min(LONGEST, masked.length - OVERLAP)))}…[cut]`
}
