/** The versions of a chain. */

/** Versions of two members may be equal, and a worker that got the one's values must not be taken for the other's. */
export function labelled<Answer extends { readonly version: string }>(index: number, answer: Answer): Answer {
  return Object.freeze({ ...answer, version: `${index}:${answer.version}` })
}
