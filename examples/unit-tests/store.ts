/** Where the secrets come from: the environment of the service, or what the tests make up. */
import { envStore, memoryStore } from 'latchkey'

export const isTest = process.env.NODE_ENV === 'test'

export const store = isTest
  ? memoryStore({ my_github_secret: { GH_ACCESS_TOKEN: 'made-up-token', GH_USERNAME: 'octocat' } })
  : envStore({ map: { my_github_secret: ['GH_ACCESS_TOKEN', 'GH_USERNAME'] } })
