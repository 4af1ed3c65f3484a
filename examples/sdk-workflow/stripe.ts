/** Step 2, by Stripe's SDK: the invoice for it. */
import Stripe from 'stripe'
import { keysHere, registry } from './registry.ts'

export interface Work {
  readonly number: number
  readonly title: string
  readonly hours: number
}

export const sendInvoice = registry.register({
  name: 'send_invoice',
  description: 'Makes an invoice with one line per issue',
  secrets: ['stripe'],
})(async (baseUrl: string, customer: string, work: readonly Work[]) => {
  const { hostname, port } = new URL(baseUrl)
  const stripe = new Stripe(process.env['STRIPE_KEY'] ?? '', { host: hostname, port, protocol: 'http' })
  for (const { number, title, hours } of work) {
    await stripe.invoiceItems.create({
      customer,
      currency: 'eur',
      amount: hours * 100_00,
      description: `#${number} ${title}`,
    })
  }
  const { id, total } = await stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include' })
  return { invoice: id, euros: total / 100, keys: keysHere() }
})
