import { formatBlock, isMapped, maskAddress, readIPv4, readIPv6, sameBytes } from './address.ts'
import type { AddressBlock } from './address.ts'
import { endsInNumber, readName } from './host-name.ts'
import { readPlainParts } from './plain-endpoint.ts'

/** Protocols that an endpoint can name. */
export type EndpointProtocol = 'tcp' | 'udp'

/** Where an endpoint leads: one name, names by wildcard, or addresses. Names are canonical. */
export type EndpointHost =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'pattern'; readonly pattern: string }
  | ({ readonly kind: 'address' } & AddressBlock)

/** What an endpoint's text means. Ports are inclusive. */
export interface EndpointParts {
  readonly host: EndpointHost
  readonly protocol: EndpointProtocol
  readonly portFrom: number
  readonly portTo: number
}

/** The parts, or what is wrong. */
export function readParts(text: string): EndpointParts | string {
  return readPlainParts(text) ?? readAnyParts(text)
}

/** Of every text, with care. */
export function readAnyParts(text: string): EndpointParts | string {
  if (text === '') return 'is empty: an endpoint is host or host:port'
  if (text.length > 1024) return 'is too long for an endpoint'
  if (/[\s\p{Cc}]/u.test(text)) return 'an endpoint has no blanks or control characters'
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)
  const protocol = scheme?.[1]?.toLowerCase() ?? 'tcp'
  if (protocol !== 'tcp' && protocol !== 'udp') {
    return `"${protocol}://" is no scheme of endpoints: only udp:// and tcp:// are, and a host needs none`
  }
  const rest = text.slice(scheme?.[0].length ?? 0)
  const split = splitPort(rest)
  if (typeof split === 'string') return split
  const ports = split.port === null ? { portFrom: 443, portTo: 443 } : readPorts(split.port)
  if (typeof ports === 'string') return ports
  const host = split.bracketed ? readBlock(split.host, 6) : readHost(split.host)
  if (typeof host === 'string') return host
  return { host, protocol, portFrom: ports.portFrom, portTo: ports.portTo }
}

interface Split {
  readonly host: string
  readonly bracketed: boolean
  readonly port: string | null
}

function splitPort(text: string): Split | string {
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    if (end < 0) return 'the bracket is not closed'
    const rest = text.slice(end + 1)
    if (rest !== '' && !rest.startsWith(':')) return 'after the bracket comes nothing or :port'
    return { host: text.slice(1, end), bracketed: true, port: rest === '' ? null : rest.slice(1) }
  }
  if (text.includes('@')) return 'an endpoint has no user name'
  const parts = text.split(':')
  if (parts.length > 2 && readIPv6(text.split('/')[0] ?? '') !== null)
    return 'an IPv6 address is written in brackets'
  if (text.includes('/') && !/^\d[\d.]*\/\d+(?=:|$)/.test(text)) return 'an endpoint has no path'
  if (/[?#]/.test(text)) return 'an endpoint has no query or fragment'
  if (parts.length > 2) return 'has more than one ":"'
  return { host: parts[0] ?? '', bracketed: false, port: parts[1] ?? null }
}

function readPorts(text: string): { portFrom: number; portTo: number } | string {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text)
  if (match === null) {
    if (text === '') return 'the port is missing after ":"'
    if (text === '*')
      return 'a port is a number or a range such as 8000-8100; all ports are 1-65535'
    if (text.includes(',')) return 'takes one port or one range; write an endpoint for each'
    return 'a port is a number or a range such as 8000-8100'
  }
  const from = match[1] ?? ''
  const to = match[2] ?? from
  if (from.startsWith('0') || to.startsWith('0'))
    return 'a port is 1 to 65535, without leading zeros'
  const portFrom = Number(from)
  const portTo = Number(to)
  if (portFrom > 65535 || portTo > 65535) return 'a port is 1 to 65535'
  if (portFrom > portTo) return 'the range of ports runs backwards'
  return { portFrom, portTo }
}

function readHost(text: string): EndpointHost | string {
  if (text.includes('/') || endsInNumber(text)) return readBlock(text, 4)
  const result = readName(text)
  if ('what' in result) return result.what
  if (endsInNumber(result.name)) return 'is an IPv4 address in other characters'
  return result.name.includes('*')
    ? { kind: 'pattern', pattern: result.name }
    : { kind: 'name', name: result.name }
}

/** Where the addresses of IPv4 begin. */
const ipv4 = readIPv4('0.0.0.0') as Uint8Array

/** Reads an address or block of one family; or what is wrong. */
export function readBlock(
  text: string,
  family: 4 | 6,
): (AddressBlock & { kind: 'address' }) | string {
  const [base = '', length, more] = text.split('/')
  const address = family === 4 ? readIPv4(base) : readIPv6(base)
  if (address === null || more !== undefined) {
    return family === 4
      ? 'is no IPv4 address: four decimal numbers from 0 to 255, without leading zeros'
      : 'is no IPv6 address'
  }
  const bits = family === 4 ? 32 : 128
  if (length !== undefined && (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits)) {
    return `the prefix length of an IPv${family} block is 0 to ${bits}`
  }
  const prefix = (length === undefined ? bits : Number(length)) + (128 - bits)
  if (family === 6 && isMapped(address) && prefix >= 96)
    return 'is an IPv4 address: write it as one'
  if (prefix < 128 && !sameBytes(address, maskAddress(address, prefix))) {
    return 'the address has bits set after its prefix length'
  }
  // One table holds both families, IPv4 as ::ffff:0:0/96, so such a block would let IPv4 in.
  if (family === 6 && prefix < 96 && sameBytes(address, maskAddress(ipv4, prefix))) {
    return 'covers ::ffff:0:0/96 too, which is all of IPv4: name IPv6 blocks outside of it'
  }
  return { kind: 'address', family, address, prefix }
}

/** Canonical text of an endpoint; port 443 is left out when `short`. */
export function formatEndpoint(parts: EndpointParts, short = false): string {
  const { host } = parts
  const scheme = parts.protocol === 'udp' ? 'udp://' : ''
  const ports =
    parts.portFrom === parts.portTo ? `${parts.portFrom}` : `${parts.portFrom}-${parts.portTo}`
  return `${scheme}${formatHost(host)}${short && ports === '443' ? '' : `:${ports}`}`
}

/** Text of an endpoint's host; IPv6 in brackets. */
function formatHost(host: EndpointHost): string {
  if (host.kind === 'name') return host.name
  if (host.kind === 'pattern') return host.pattern
  return host.family === 6 ? `[${formatBlock(host)}]` : formatBlock(host)
}
