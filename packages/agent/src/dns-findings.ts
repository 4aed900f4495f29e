import type { EventOf, Severity } from '@runwarden/events'
import { isResolverAddress, isResolverName } from './doh-hosts.ts'
import type { Tunnel } from './tunnels.ts'

/** What is found, before it has an event to stand on. */
export interface DnsFinding {
  id: string
  /** Told once for each. */
  about: string
  severity: Severity
  title: string
  text: string
}

/** DNS over TLS and over QUIC (RFC 7858, RFC 9250). */
const ENCRYPTED_PORT = 853
const HTTPS_PORT = 443

/** @param by the program that asked last */
export function tunnelFinding({ zone, refused, counts }: Tunnel, by: string): DnsFinding {
  const { names, characters, longNames, encodedNames } = counts
  const below = zone === '' ? 'the root (names of one label)' : zone
  const what = `Within the last hour ${names} different names below ${below} were asked, ${longNames} of them very long and ${encodedNames} that look encoded, with ${characters} new characters; ${by} asked last. Names like these carry data to whoever runs the zone: so do DNS tunnels.`
  const then = refused
    ? 'They were refused and never left this machine. Find out what started this program.'
    : `They went out. Look at the names in the dns.query events. If they are what this job is for, allow the exact names that it needs instead of a wildcard; if not, treat all that the job could read as taken, replace its secrets, and take ${below} out of the policy.`
  return {
    id: 'exfiltration-attempt',
    about: `dns ${zone} ${refused ? 'refused' : 'left'}`,
    severity: refused ? 'medium' : 'high',
    title: `the names asked below ${below} carry data`,
    text: `${what} ${then}`,
  }
}

const hidden =
  'What is asked there is in no record and under no policy, and can carry data to any zone.'

/** A known resolver over HTTPS or TLS was looked up, and might be. */
export function resolverAsked(event: EventOf<'dns.query'>, by: string): DnsFinding | null {
  if (!goesOut(event)) return null
  const host = [event.name, ...event.cnames].find((name) => isResolverName(name))
  if (host === undefined) return null
  const way = host === event.name ? host : `${event.name}, which leads to ${host},`
  return {
    id: 'dns-over-https',
    about: `asked ${host}`,
    severity: 'medium',
    title: `${host} answers DNS over HTTPS`,
    text: `${by} asked for ${way} a public resolver that speaks HTTPS or TLS. ${hidden} ${advice(event)}`,
  }
}

/** A known resolver over HTTPS or TLS, or the port of DNS over TLS and QUIC, was reached. */
export function resolverReached(event: EventOf<'net.connect'>, by: string): DnsFinding | null {
  const { host, address, port, protocol } = event
  if (!goesOut(event) || isLocal(address)) return null
  const known = (host !== null && isResolverName(host)) || isResolverAddress(address)
  if (port !== ENCRYPTED_PORT && !(known && port === HTTPS_PORT)) return null
  const where = `${host ?? address} port ${port} (${protocol})`
  const why = known
    ? 'a public resolver that speaks HTTPS or TLS'
    : 'the port of DNS over TLS and over QUIC'
  return {
    id: 'dns-over-https',
    about: `reached ${where}`,
    severity: 'high',
    title: `${where} was reached past the DNS policy`,
    text: `${by} connected to ${where}, ${why}. ${hidden} ${advice(event)}`,
  }
}

function goesOut({ verdict }: { verdict: string }): boolean {
  return verdict === 'allowed' || verdict === 'would-block'
}

function isLocal(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

function advice({ verdict, rule }: { verdict: string; rule: string | null }): string {
  if (verdict === 'would-block')
    return 'Audit mode let it pass. Turn DNS over HTTPS off in this program; block mode refuses it.'
  return `Take it out of the policy${rule === null ? '' : ` (${rule})`}, and turn DNS over HTTPS off in this program.`
}
