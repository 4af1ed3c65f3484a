/** The host: `require` gets what `import` gets. Without top-level await, what waits is in a function. */
const assert = require('node:assert/strict')
const { MissingSecretsError } = require('latchkey')
const { resolveTemplate } = require('latchkey/template')
const { registry, store, whoAmI } = require('./integrations.js')

async function main() {
  const missing = await whoAmI().catch((error) => error)
  console.log('before there is a secret:', missing.code, missing.missing)
  assert.ok(missing instanceof MissingSecretsError)

  await store.set('my_github_secret', { GH_ACCESS_TOKEN: 'made-up-github-token', GH_USERNAME: 'made-up-octocat' })
  await store.set('my_datadog_secret', { DATADOG_API_KEY: 'made-up-datadog-key' })
  const { variables, user, pid } = await whoAmI()
  console.log(
    `who_am_i: ${user}, with ${variables.join(' and ')}, ${pid === process.pid ? 'in this process' : 'in a child'}`,
  )
  assert.deepEqual(variables.sort(), ['GH_ACCESS_TOKEN', 'GH_USERNAME'])
  assert.notEqual(pid, process.pid)
  assert.equal(process.env.GH_USERNAME, undefined)

  const template = { headers: { Authorization: 'Bearer {{ SECRETS.my_datadog_secret.DATADOG_API_KEY }}' } }
  const { headers } = await resolveTemplate(template, { SECRETS: store })
  assert.equal(headers.Authorization, 'Bearer made-up-datadog-key')
  console.log('the template: filled in')
}

main().finally(() => registry.close())
