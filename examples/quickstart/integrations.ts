/** The registered functions: imported by main.ts, and again in each child that runs one of them. */
import { createRegistry, fileStore } from 'latchkey'

/** ./secrets.latchkey, with its key beside it: `latchkey init` makes both. */
export const store = fileStore()
export const registry = createRegistry({ store })

export const createIssue = registry.register({
  name: 'create_issue',
  description: 'Opens an issue on the given server',
  secrets: ['my_github_secret'],
})(async (input: { server: string; title: string }) => {
  const response = await fetch(`${input.server}/issues`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.GH_ACCESS_TOKEN ?? ''}` },
    body: JSON.stringify({ title: input.title, assignee: process.env.GH_USERNAME }),
  })
  const { number } = (await response.json()) as { number: number }
  return { status: response.status, number, pid: process.pid }
})

export const variableNames = registry.register({
  name: 'variable_names',
  description: 'Tells which environment variables a function with my_github_secret has',
  secrets: ['my_github_secret'],
})(() => Object.keys(process.env).sort())
