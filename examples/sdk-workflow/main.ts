/** A workflow of three steps. What one finds out goes into the next; the key of one is never where another runs. */
import { strict as assert } from 'node:assert'
import { inspect } from 'node:util'
import { CallError } from 'latchkey'
import { announce } from './chat.ts'
import { closedIssues } from './github.ts'
import { registry, store } from './registry.ts'
import { startServices } from './services.ts'
import { sendInvoice } from './stripe.ts'

// Made-up keys, as your users would give them on a settings page.
const keys = { github: 'made-up-github-token', stripe: 'sk_test_made_up_stripe_key', chat: 'made-up-chat-token' }
await store.set('github', { GH_TOKEN: keys.github })
await store.set('stripe', { STRIPE_KEY: keys.stripe })
await store.set('chat', { CHAT_TOKEN: keys.chat })
const services = await startServices(keys)
await registry.ready()

async function billing() {
  const work = await closedIssues(services.github, 'acme', 'site')
  console.log(`closed_issues: ${work.issues.length} issues;`, 'it has', work.keys)
  const sent = await sendInvoice(services.stripe, 'cus_acme', work.issues)
  console.log(`send_invoice: ${sent.invoice} of ${sent.euros} EUR;`, 'it has', sent.keys)
  const told = await announce(services.chat, 'billing', `${sent.invoice} is on its way: ${sent.euros} EUR`)
  console.log(`announce: "${told.text}";`, 'it has', told.keys)
  return [work.keys, sent.keys, told.keys, told.text]
}

// 1. Everything is well.
const result = await billing()
assert.deepEqual(result, [['GH_TOKEN'], ['STRIPE_KEY'], ['CHAT_TOKEN'], 'in_1 is on its way: 800 EUR'])
assert.ok(!('GH_TOKEN' in process.env), 'this process has none of them')

// 2. Stripe no longer takes the key: the error of its SDK ends the workflow, without the key that it quotes.
services.revoke()
console.log('\nThe same, after the key of Stripe was revoked:')
const error = await billing().catch((reason: unknown) => reason)
assert.ok(error instanceof CallError)
const { type, statusCode } = error as { type?: unknown; statusCode?: unknown }
console.log(`${String(type)} (${String(statusCode)}): ${error.message}`)
assert.deepEqual([type, statusCode], ['StripeAuthenticationError', 401])
assert.equal(error.message, 'Invalid API Key provided: ***')
assert.ok(!inspect(error, { depth: Infinity }).includes(keys.stripe), 'nor is the key in any of its properties')

await registry.close()
await store.close()
services.close()
