/**
 * Posts bodies to URL, four at a time, for so many milliseconds for each of: 1 KiB and 96 KiB, over connections that are
 * kept and over one each. Connects to PORT of 127.0.0.1, where one is given. Writes the microseconds of a request, as JSON, to the
 * file named by RESULT.
 */
import { lookup } from 'node:dns/promises'
import { writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'

const [url = '', port] = process.argv.slice(2)
const PARALLEL = 4
const MILLISECONDS = 400
const address = port === undefined ? (await lookup(new URL(url).hostname, 4)).address : '127.0.0.1'
type Lookup = (
  name: string,
  options: object,
  found: (error: null, address: string, family: number) => void,
) => void
const known: Lookup = (_name, _options, found) => found(null, address, 4)

function post(body: Buffer, agent: Agent): Promise<void> {
  return new Promise((done, failed) => {
    const asked = request(
      url,
      { port: port ?? 443, agent, lookup: known, family: 4, method: 'POST' },
      (answer) => {
        answer.resume().on('end', done)
      },
    )
    asked.on('error', failed).end(body)
  })
}

/** How many requests there were in a time, and how long they took. */
async function rate(size: number, keepAlive: boolean, ms: number): Promise<number> {
  const body = Buffer.alloc(size, 'x')
  // Whoever stands between has a certificate of its own.
  const agent = new Agent({ keepAlive, maxSockets: PARALLEL, rejectUnauthorized: false })
  let count = 0
  const begin = performance.now()
  const one = async (): Promise<void> => {
    while (performance.now() - begin < ms) {
      await post(body, agent)
      count++
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, one))
  const took = performance.now() - begin
  agent.destroy()
  return (took * 1000) / count
}

const results: Record<string, number> = {}
for (const size of [1, 96])
  for (const keep of [true, false]) {
    await rate(size << 10, keep, MILLISECONDS / 2)
    results[`${size} KiB, ${keep ? 'kept alive' : 'a connection each'}`] = await rate(
      size << 10,
      keep,
      MILLISECONDS,
    )
  }
writeFileSync(process.env['RESULT'] ?? '/dev/stdout', JSON.stringify(results))
