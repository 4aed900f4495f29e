import type { Protocol } from '@runwarden/events'
import {
  type Actor,
  type CompiledPolicy,
  blockLabel,
  formatAddress,
  hostWithPort,
  httpsLines,
  narrowedReason,
  notAllowedThere,
  ruleLabel,
  uncheckedHint,
  whyNameIsNotEnough,
} from '@runwarden/policy'
import type { ConnectFields, ConnectReason, ConnectVerdict, Said } from '@runwarden/sensor/connect'

const protocols: Readonly<Record<number, Protocol>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  58: 'icmp6',
  132: 'sctp',
  136: 'udplite',
  255: 'raw',
  // MPTCP, which Linux numbers beyond IP's eight bits, goes over the wire as TCP.
  262: 'tcp',
}

/** The word of events for an IP protocol's number. */
export function protocolWord(number: number): Protocol {
  return protocols[number] ?? 'other'
}

const AF_INET6 = 10

/** Text of where something was to go; empty for what has no destination (raw and packet sockets, packets that end too early). */
export function addressText({
  address,
  family,
  via,
}: Pick<ConnectFields, 'address' | 'family'> & Partial<Pick<ConnectFields, 'via'>>): string {
  // `::` is a destination where a program named it.
  const isNamed = family === AF_INET6 && (via === 'connect' || via === 'send')
  return !isNamed && address.every((byte) => byte === 0) ? '' : formatAddress(address)
}

const reasons: Readonly<Record<ConnectReason, string>> = {
  'no-rule': 'not in the policy',
  address: 'allowed',
  name: 'allowed',
  loopback: 'loopback',
  'block-list': 'on the block list',
  'live-flow': 'a connection that began while its name was valid',
  'dns-proxy': 'the DNS proxy answers port 53 only',
  'raw-socket': 'a socket that writes its own packet headers',
  protocol: 'a transport that no policy can allow',
  fragment: 'a fragment of a packet, written by hand',
  'source-route': 'a packet that names further destinations in its header',
  inbound: 'an answer to a connection that came from outside',
  malformed: 'a packet whose header ends too early',
  family: 'an address family other than IP',
  resolver: 'it could answer in place of the resolver of this machine, or of the DNS proxy',
  'server-name': 'the policy does not allow the name that it asked for at this address',
  'no-server-name':
    'it asked for no name, and a name that is not allowed here leads to this address',
  'not-tls':
    'neither TLS nor HTTP, so it asked for no name, and a name that is not allowed here leads to this address',
  'encrypted-hello': 'its ClientHello may hold another name, encrypted (ECH)',
  'split-hello': 'the name that it asks for may come in a later packet or record',
  'malformed-hello': 'its ClientHello cannot be read',
  'http-host': 'an HTTP request whose host is ambiguous or cannot be read',
  quic: 'QUIC (UDP 443), where the policy allows the name over TCP only; clients fall back to TCP',
  'https-unseen':
    'its host has HTTPS rules, and what this program sends by TLS cannot be read (with "unseen: allow" the HTTPS rule lets it pass)',
  'https-undecided':
    'its host has HTTPS rules, and no decision about a request covers these bytes: another TLS library than the one that is read, or a request for another host or port',
  'zero-copy':
    'it could still change the bytes that name its host: a zero-copy send, sendfile or splice',
  urgent:
    'urgent data of TCP where its host is looked for: servers take such a byte out of what they read, or leave it in',
}

/** What was decided in the kernel, as events tell it. */
export interface Decided {
  verdict: ConnectVerdict
  reason: ConnectReason
  rule: number | null
  said?: Said | null
  address: Uint8Array
  port: number
  /** IP's number of it. */
  protocol: number
}

/** What is known of an attempt besides: the name that led to its address, and who tries. */
export interface About extends Actor {
  host: string | null
  /** The name that the address was opened by. */
  opener?: string | null
}

/** Reasons that a policy line can do away with. */
const unchecked = new Set<ConnectReason>([
  'no-server-name',
  'not-tls',
  'encrypted-hello',
  'split-hello',
  'malformed-hello',
  'http-host',
  'zero-copy',
  'urgent',
])

/** Bytes that say no name, to a host with HTTPS rules; and to another on an address that several names led to. */
const unnamed =
  'its host has HTTPS rules, and this is no TLS that says its name and was read from its beginning'
const nameless = `it says no name, at an address that several names led to, and the policy has HTTPS rules: it may be meant for a host that has them ${uncheckedHint}`

function asked(
  compiled: CompiledPolicy,
  { reason, said, address, port, protocol }: Decided,
  { opener = null, ...about }: About,
): string {
  if (reason === 'no-rule') {
    const attempt = { ...about, address, port, protocol: protocolWord(protocol) }
    return whyNameIsNotEnough(compiled, attempt) ?? reasons[reason]
  }
  if (reason === 'https-unseen' && said?.name === null) {
    const ruled = opener === null || httpsLines(compiled, hostWithPort(opener, port)).length > 0
    return ruled ? unnamed : nameless
  }
  if (reason === 'server-name' && said?.name !== null && said?.name !== undefined) {
    const what = said.protocol === 'tls' ? 'SNI' : 'HTTP Host'
    return `${what} ${said.name}${notAllowedThere(opener)}`
  }
  if (!unchecked.has(reason)) return reasons[reason]
  return `${reasons[reason]} ${uncheckedHint}`
}

/** The reason for a person, and the policy line or block-list entry behind it. */
export function explainDecision(
  compiled: CompiledPolicy,
  decided: Decided,
  about: About,
): { reason: string; rule: string | null } {
  const { verdict, reason, rule } = decided
  if (rule === null) return { reason: asked(compiled, decided, about), rule: null }
  if (verdict === 'attack-blocked') {
    const why = compiled.blockEntries[rule]?.reason ?? ''
    return { reason: `on the block list: ${why}`, rule: blockLabel(compiled, rule) }
  }
  const label = ruleLabel(compiled, rule)
  if (verdict !== 'allowed') return { reason: narrowedReason(compiled, rule), rule: label }
  const live = reason === 'live-flow' ? ` (${reasons[reason]})` : ''
  return { reason: `allowed by ${label}${live}`, rule: label }
}
