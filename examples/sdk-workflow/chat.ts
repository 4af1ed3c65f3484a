/** Step 3, by fetch alone: tell the others. */
import { keysHere, registry } from './registry.ts'

export const announce = registry.register({
  name: 'announce',
  description: 'Writes a line into a channel',
  secrets: ['chat'],
})(async (baseUrl: string, channel: string, text: string) => {
  const response = await fetch(`${baseUrl}/channels/${channel}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env['CHAT_TOKEN'] ?? ''}` },
    body: text,
  })
  if (!response.ok) throw new Error(`The chat answered ${response.status}`)
  return { text: await response.text(), keys: keysHere() }
})
