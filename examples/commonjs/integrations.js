/** The registered functions: required by main.js, and again in each child. */
const { createRegistry, memoryStore } = require('latchkey')

// Filled by main.js. Children require this file too: a value that is written in here would be in all of them.
exports.store = memoryStore()
exports.registry = createRegistry({ store: exports.store, missing: 'defer' })

exports.whoAmI = exports.registry.register({ name: 'who_am_i', secrets: ['my_github_secret'] })(async () => ({
  variables: Object.keys(process.env).filter((name) => /^(GH|DATADOG)_/.test(name)),
  user: process.env.GH_USERNAME,
  pid: process.pid,
}))
