import { formatBlock, maskAddress, readIPv4, readIPv6, isMapped } from './address.ts'
import { formatEndpoint, readParts } from './endpoint-parts.ts'

const schemePort: Readonly<Record<string, string>> = {
  https: '443',
  http: '80',
  wss: '443',
  ws: '80',
  ssh: '22',
  git: '9418',
  ftp: '21',
  ftps: '990',
  ldap: '389',
  ldaps: '636',
  smtp: '25',
  ntp: '123',
  dns: '53',
  quic: '443',
}
const serviceName: Readonly<Record<string, string>> = {
  ...schemePort,
  domain: '53',
  any: '443',
  all: '443',
}
const overUdp = new Set(['ntp', 'dns', 'quic'])

/**
 * The valid endpoint that a faulty text most likely means, with its port; null: none is near.
 * What it returns always parses.
 */
export function nearestEndpoint(text: string): string | null {
  if (text.length > 1024) return null
  let rest = text
    .trim()
    .replace(/^["'`<(,;]+|["'`>),;]+$/g, '')
    .replace(/^\/+/, '')
    .replace(/\s+(?=\d+$)/, ':')
  if (/\s/.test(rest)) return null
  let udp = false
  let fallback = '443'
  const scheme = /^(?:([a-z][a-z0-9+.-]*):\/+|(tcp|udp|https?):(?=[^\d]))/i.exec(rest)
  if (scheme !== null) {
    const name = (scheme[1] ?? scheme[2] ?? '').toLowerCase().replace(/^git\+/, '')
    rest = rest.slice(scheme[0].length)
    udp = name === 'udp' || overUdp.has(name)
    fallback = schemePort[name] ?? '443'
  }
  const suffix = /^(.*)\/(tcp|udp)$/i.exec(rest)
  if (suffix !== null) {
    rest = suffix[1] ?? ''
    udp = suffix[2]?.toLowerCase() === 'udp'
  }
  const at = rest.lastIndexOf('@')
  if (at >= 0) {
    rest = rest.slice(at + 1)
    if (scheme === null && !/:\d+(-\d+)?$/.test(rest)) {
      // scp-like: git@host:path
      rest = rest.replace(/:.*$/s, '')
      fallback = '22'
    }
  }
  const many = rest.startsWith('[') || rest.split(':').length > 2
  const candidate =
    (many ? repairIPv6(rest, fallback) : null) ?? repair(rest.replaceAll(/[[\]]/g, ''), fallback)
  if (candidate === null) return null
  const parts = readParts(udp ? `udp://${candidate}` : candidate)
  return typeof parts === 'string' ? null : formatEndpoint(parts)
}

function repair(text: string, fallback: string): string | null {
  const block = /^(\d[\d.]*)\/(\d+)(.*)$/s.exec(text)
  const host = /^[^:/?#]*/.exec(text)?.[0] ?? ''
  const after = block === null ? text.slice(host.length) : (block[3] ?? '')
  const port = repairPort(/^:([^/?#]*)/.exec(after)?.[1], fallback)
  if (block !== null) {
    const address = readIPv4(decimal(block[1] ?? ''))
    if (address === null) return null
    const prefix = 96 + Math.min(32, Number(block[2]))
    return `${formatBlock({ family: 4, address: maskAddress(address, prefix), prefix })}:${port}`
  }
  return `${repairHost(host)}:${port}`
}

function repairHost(text: string): string {
  if (/^\d+(\.\d+){3}$/.test(text)) return decimal(text)
  return text
    .replace(/^[*.]*\*\./, '*.')
    .replace(/^\.+/, '*.')
    .replace(/\*{2,}/g, '*')
    .replace(/\.{2,}/g, '.')
}

/** Octets without leading zeros, read as the decimal numbers that their writer saw. */
function decimal(text: string): string {
  return text.replace(/\b0+(?=\d)/g, '')
}

function repairPort(text: string | undefined, fallback: string): string {
  if (text === undefined || text === '' || text === '*') return fallback
  const first = text.split(/[,;|]/)[0] ?? ''
  const named = serviceName[first.toLowerCase()]
  if (named !== undefined) return named
  const match = /^0*(\d+)(?:[-–:.]+0*(\d+))?/.exec(first)
  if (match === null) return fallback
  const low = Number(match[1])
  const high = Number(match[2] ?? match[1])
  if (low < 1 || low > 65535 || high < 1) return fallback
  const [from, to] = [Math.min(low, high), Math.min(65535, Math.max(low, high))]
  return from === to ? `${from}` : `${from}-${to}`
}

function repairIPv6(text: string, fallback: string): string | null {
  const match =
    /^\[([^\]/]*)(?:\/(\d+))?\]?(?:\/(\d+))?(?::?(.*))?$/s.exec(text) ??
    /^([^/]*)(?:\/(\d+))?()(?::(.*))?$/s.exec(text)
  if (match === null) return null
  const address = readIPv6((match[1] ?? '').replace(/%.*$/, ''))
  if (address === null) return null
  const length = match[2] ?? (match[3] === '' ? undefined : match[3])
  const port = repairPort(match[4]?.replace(/[/?#].*$/s, ''), fallback)
  const prefix = length === undefined ? 128 : Math.min(128, Number(length))
  const masked = maskAddress(address, prefix)
  if (isMapped(address) && prefix >= 96) {
    return `${formatBlock({ family: 4, address: masked, prefix })}:${port}`
  }
  return `[${formatBlock({ family: 6, address: masked, prefix })}]:${port}`
}
