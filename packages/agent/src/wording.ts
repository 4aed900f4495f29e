import type { Protocol } from '@runwarden/events'
import { type CompiledPolicy, blockLabel, formatAddress, ruleLabel } from '@runwarden/policy'
import type { ConnectReason, ConnectVerdict } from '@runwarden/sensor/connect'

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

/** Text of 16 bytes of address; empty for a socket without a destination. */
export function addressText(address: Uint8Array): string {
  return address.every((byte) => byte === 0) ? '' : formatAddress(address)
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
  resolver: 'a socket on port 53 could answer in place of the resolver of this machine',
}

/** What was decided in the kernel, as events tell it. */
export interface Decided {
  verdict: ConnectVerdict
  reason: ConnectReason
  rule: number | null
}

/** The reason for a person, and the policy line or block-list entry behind it. */
export function explainDecision(
  compiled: CompiledPolicy,
  decided: Decided,
): { reason: string; rule: string | null } {
  const { verdict, reason, rule } = decided
  if (rule === null) return { reason: reasons[reason], rule: null }
  if (verdict === 'attack-blocked') {
    const why = compiled.blockEntries[rule]?.reason ?? ''
    return { reason: `on the block list: ${why}`, rule: blockLabel(compiled, rule) }
  }
  const label = ruleLabel(compiled, rule)
  const live = reason === 'live-flow' ? ` (${reasons[reason]})` : ''
  return { reason: `allowed by ${label}${live}`, rule: label }
}
