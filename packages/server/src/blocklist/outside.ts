import { lookup as resolve, type LookupAddress } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** What lies outside can't be fetched; the message is for who set the URL. */
export class OutsideError extends Error {
  readonly code = 'OUTSIDE'
}

/** Of all: name, connection, and the whole answer. */
const wholeMs = 20_000

/** IANA's special-purpose registries, and Azure's wireserver; of IPv6 only what is given out, 2000::/3. */
const inside = networks([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '4000::/2',
  '8000::/1',
])

/**
 * Fetches a URL that a person gave, without being of use against what only the server reaches: its host's addresses are
 * looked at as the connection takes them, redirects are not followed, no proxy and no credentials are used.
 * @param allowed networks of the operator's word, beside the public ones
 * @param limit bytes of the answer
 * @throws OutsideError
 */
export async function fetchOutside(
  url: URL,
  { allowed, limit, signal }: { allowed: readonly string[]; limit: number; signal: AbortSignal },
): Promise<Buffer> {
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new OutsideError(`${url.protocol} is not HTTP`)
  const may = networks(allowed)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  // Of an address nothing is looked up.
  if (isIP(host) !== 0 && !isOutside(host, may)) throw notOutside(host)
  const { promise, resolve: done, reject } = Promise.withResolvers<Buffer>()
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    agent: false,
    lookup: outsideOnly(may),
    headers: { accept: 'application/json, */*', 'user-agent': 'runwarden' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(wholeMs)]),
  })
  request.on('response', (response) => {
    if (response.statusCode !== 200) {
      const { statusCode = 0 } = response
      response.destroy()
      reject(
        new OutsideError(
          statusCode >= 300 && statusCode < 400
            ? 'it leads elsewhere (a redirect), which is not followed: name the last address'
            : `it answered with status ${statusCode}`,
        ),
      )
      return
    }
    const parts: Buffer[] = []
    let size = 0
    response.on('data', (part: Buffer) => {
      size += part.length
      if (size > limit) response.destroy(new OutsideError(`it has more than ${limit} bytes`))
      else parts.push(part)
    })
    response.on('end', () => done(Buffer.concat(parts)))
    response.on('error', reject)
    response.on('close', () => reject(new OutsideError('its answer broke off')))
  })
  request.on('error', reject)
  request.end()
  try {
    return await promise
  } catch (error) {
    if (error instanceof OutsideError) throw error
    throw new OutsideError(told(error), { cause: error })
  }
}

/** Every address of a name is one that may be reached, or none is: the connection tries any of them. */
function outsideOnly(may: BlockList): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const [first] = found ?? []
      const wrong = error ?? found.find(({ address }) => !isOutside(address, may))
      if (wrong instanceof Error) callback(wrong, [])
      else if (wrong !== undefined || first === undefined) callback(notOutside(host), [])
      else if (options.all === true) callback(null, found)
      else callback(null, first.address, first.family)
    })
  }
}

function isOutside(address: string, may: BlockList): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  return !inside.check(address, family) || may.check(address, family)
}

function networks(texts: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of texts) {
    const [address = '', bits] = text.split('/')
    const six = isIP(address) === 6
    list.addSubnet(address, Number(bits ?? (six ? 128 : 32)), six ? 'ipv6' : 'ipv4')
  }
  return list
}

const notOutside = (host: string): OutsideError =>
  new OutsideError(
    `${host} is no address of the internet, and none that the setting feed-networks names`,
  )

function told(error: unknown): string {
  const { name, code, message } = error as NodeJS.ErrnoException
  if (name === 'AbortError' || name === 'TimeoutError') return 'it took too long'
  return code === undefined ? message : `${code}`
}
