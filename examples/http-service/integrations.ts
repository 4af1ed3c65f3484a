/** The registered functions: imported by the service, and again in each child. */
import { createRegistry, memoryStore } from 'latchkey'

/** What the tenants have saved on their settings pages. A real service has a store that outlives it. */
export const store = memoryStore()

/** `defer`: tenants bring their keys when they like, so there is nothing to check while this is imported. */
export const registry = createRegistry({ store, scope: 'nobody', missing: 'defer' })

export const openIssue = registry.register({
  name: 'open_issue',
  secrets: [{ name: 'my_github_secret', keys: ['GH_ACCESS_TOKEN', 'GH_USERNAME'] }],
})(async (server: string, title: string) => {
  const response = await fetch(`${server}/issues`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.GH_ACCESS_TOKEN ?? ''}` },
    body: JSON.stringify({ title, assignee: process.env.GH_USERNAME }),
  })
  if (!response.ok) throw new Error(`GitHub answered ${response.status}`)
  return { ...((await response.json()) as { number: number; owner: string }), pid: process.pid }
})
