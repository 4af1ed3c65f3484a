// Registered functions: imported by the service, and again in each child.
import { createRegistry, memoryStore } from 'latchkey'

export const store = memoryStore({
  my_github_secret: { GH_ACCESS_TOKEN: 'ghp_0123456789abcdefghij', GH_USERNAME: 'me' },
})
export const registry = createRegistry({ store })

export const whoAmI = registry.register({ name: 'who_am_i', secrets: ['my_github_secret'] })(() =>
  Promise.resolve(process.env.GH_USERNAME),
)

export const closeIssue = registry.register({ name: 'close_issue', secrets: ['my_github_secret'] })(
  (issue: number): Promise<never> => Promise.reject(new Error(`Issue ${issue} is closed already`)),
)
