/** Step 1, by GitHub's SDK: what was worked on. */
import { Octokit } from '@octokit/rest'
import { keysHere, registry } from './registry.ts'

export const closedIssues = registry.register({
  name: 'closed_issues',
  description: 'Lists the closed issues of a repository that are to be paid, with their hours',
  secrets: ['github'],
})(async (baseUrl: string, owner: string, repo: string) => {
  const octokit = new Octokit({ auth: process.env['GH_TOKEN'], baseUrl })
  const found = await octokit.paginate(octokit.rest.issues.listForRepo, {
    owner,
    repo,
    state: 'closed',
    labels: 'billable',
  })
  const issues = found.map(({ number, title }) => ({ number, title, hours: Number(/(\d+)h/.exec(title)?.[1] ?? 0) }))
  return { issues, keys: keysHere() }
})
