import { BlockList, isIP } from 'node:net'
import { parseEndpoint } from '@runwarden/policy'
import { isOwnMachine, isPrivateWay, RequestError } from './http.ts'

/**
 * The endpoint of an address that a service answered; null: it is on this machine.
 * @throws RequestError INVALID for one that no store of that service can have
 */
export function storeEndpoint(
  address: string,
  service: URL,
  env: NodeJS.ProcessEnv,
): string | null {
  const refuse = (what: string): never => {
    throw new RequestError('INVALID', `${service.host} named a store that is not taken: ${what}`)
  }
  const url = URL.canParse(address) ? new URL(address) : refuse('its address is invalid')
  const host = url.hostname
  if (!isPrivateWay(url)) refuse(`${host} without https`)
  if (url.username !== '' || url.password !== '') refuse(`${host} with credentials`)
  const atGitHub = /\.(actions\.githubusercontent\.com|ghe\.com)$/.test(service.hostname)
  if (atGitHub && (!/^[a-z0-9]+\.blob\.core\.windows\.net$/.test(host) || url.port !== '')) {
    refuse(`${url.host} is no account of Azure's blob store`)
  }
  if (isOwnMachine(host))
    return isOwnMachine(service.hostname) ? null : refuse(`${host} is this machine`)
  if (isPrivateAddress(host) && !isOwnServer(env)) refuse(`${host} is a private address`)
  return endpointOf(url)
}

/** `host:port` of a URL; null: on this machine. @throws PolicyError for what no policy can name, RequestError for what it should not */
export function endpointOf(url: URL): string | null {
  if (!/^https?:$/.test(url.protocol))
    throw new RequestError('INVALID', `${url.protocol} is not HTTP`)
  if (isOwnMachine(url.hostname)) return null
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  const text = `${url.hostname.replace(/\.$/, '')}:${port}`
  if (parseEndpoint(text).host.kind === 'pattern') {
    throw new RequestError('INVALID', `${text} is a wildcard`)
  }
  return text
}

const privateRanges = new BlockList()
for (const [net, prefix, family] of [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 8, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
] as const) {
  privateRanges.addSubnet(net, prefix, family)
}

/** Whether a host is an address that is not of the public internet: private, of the link, or a cloud's own. */
function isPrivateAddress(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(address)
  return family !== 0 && privateRanges.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** GitHub Enterprise Server, which may be anywhere in a private network. */
function isOwnServer(env: NodeJS.ProcessEnv): boolean {
  const server = hostOf(env['GITHUB_SERVER_URL'])
  return server !== null && server !== 'github.com' && !server.endsWith('.ghe.com')
}

/** Of a URL; null: it is none. */
export function hostOf(text: string | undefined): string | null {
  return text !== undefined && URL.canParse(text) ? new URL(text).hostname : null
}
