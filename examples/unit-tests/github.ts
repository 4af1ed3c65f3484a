/** The functions under test. */
import { createRegistry } from 'latchkey'
import { isTest, store } from './store.ts'

/** Inline, a call runs where it is made: breakpoints, coverage and a `fetch` that is replaced work as in any code. */
export const registry = createRegistry({ store, isolation: isTest ? 'inline' : 'warm' })

export const openIssue = registry.register({
  name: 'open_issue',
  secrets: ['my_github_secret'],
})(async (input: { server: string; title: string }) => {
  const response = await fetch(`${input.server}/issues`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.GH_ACCESS_TOKEN ?? ''}` },
    body: JSON.stringify({ title: input.title, assignee: process.env.GH_USERNAME }),
  })
  if (!response.ok) throw new Error(`GitHub answered ${response.status}`)
  return (await response.json()) as { number: number }
})
