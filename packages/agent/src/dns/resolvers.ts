import { readFileSync } from 'node:fs'
import { formatAddress, parseAddress } from './address.ts'
import type { DnsServer } from './contract.ts'

export const DNS_PORT = 53

/** A server from its text: an address, with a zone (`fe80::1%eth0`) where it needs one. Null when it is none. */
export function parseServer(text: string, port = DNS_PORT): DnsServer | null {
  const [bare = '', zone] = text.split('%')
  const address = parseAddress(bare)
  if (!address) return null
  return { address, host: formatAddress(address) + (zone === undefined ? '' : `%${zone}`), port }
}

/**
 * The resolvers of this machine, as resolv.conf(5) names them; without one it means the machine
 * itself. To be read before the job's first instruction: the file may be the job's to write.
 */
export function readResolvers(file = '/etc/resolv.conf'): string[] {
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const found = text
    .split('\n')
    .map((line) => /^nameserver[ \t]+([^ \t#;]+)/.exec(line)?.[1])
    .filter((server) => server !== undefined && parseServer(server) !== null)
  return found.length > 0 ? found.map(String) : ['127.0.0.1']
}
