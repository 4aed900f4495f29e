/**
 * COUNT requests to URL, one after the other: over one connection (`keep`), each over its own (`new`), or each over its
 * own and with its own query for the name (`ask`). Writes the seconds that took into the file named by RESULT.
 */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'

const [url = '', count = '1000', how = 'keep'] = process.argv.slice(2)
const { address } = await lookup(new URL(url).hostname, 4)
const known = (
  _name: string,
  _options: object,
  found: (error: null, address: string, family: number) => void,
): void => found(null, address, 4)
const agent = new Agent({ keepAlive: how === 'keep', maxSockets: 1 })

async function fetchOnce(): Promise<void> {
  const asked = request(url, { agent, family: 4, ...(how === 'ask' ? {} : { lookup: known }) })
  asked.end()
  const [response] = (await once(asked, 'response')) as [NodeJS.ReadableStream]
  response.resume()
  await once(response, 'end')
}

await fetchOnce()
const since = performance.now()
for (let i = 0; i < Number(count); i++) await fetchOnce()
writeFileSync(process.env['RESULT'] ?? '/dev/stdout', `${(performance.now() - since) / 1000}\n`)
agent.destroy()
