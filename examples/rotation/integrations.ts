// Registered functions: imported by the service, and again in each child.
import { cachedStore, createRegistry, fileStore, withFreshSecret } from 'latchkey'

/** What the functions are given comes from memory for a minute: a rotation by another process is not seen at once. */
export const registry = createRegistry({ store: cachedStore(fileStore({ path: process.env.ROTATION_STORE ?? '' })) })

const isUnauthorized = (error: object): boolean => 'status' in error && error.status === 401

/** Opens an issue; outlives a rotation of the token, whose newest version it then asks for. */
export const openIssue = withFreshSecret(
  registry.register({ name: 'open_issue', secrets: [{ name: 'github', keys: ['GH_ACCESS_TOKEN'] }] })(
    async (url: string) => post(url, process.env.GH_ACCESS_TOKEN),
  ),
  isUnauthorized,
)

/** Opens an issue with the token, and while the service does not know it yet, with the one before. */
export const openIssueWithEither = registry.register({
  name: 'open_issue_with_either',
  secrets: [{ name: 'github', keys: ['GH_ACCESS_TOKEN'], optionalKeys: ['GH_ACCESS_TOKEN_PREVIOUS'] }],
  isAuthError: isUnauthorized,
})(async (url: string) => {
  try {
    return await post(url, process.env.GH_ACCESS_TOKEN)
  } catch (error) {
    const previous = process.env.GH_ACCESS_TOKEN_PREVIOUS
    if (!isUnauthorized(error as object) || previous === undefined) throw error
    return await post(url, previous)
  }
})

async function post(url: string, token: string | undefined): Promise<string> {
  const response = await fetch(url, { method: 'POST', headers: { Authorization: `Bearer ${token ?? ''}` } })
  if (!response.ok) throw Object.assign(new Error(`GitHub answered ${response.status}`), { status: response.status })
  return response.text()
}
