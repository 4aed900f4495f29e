import { join } from 'node:path'
import type { Place } from './runwarden.ts'

/** Far away, with a server on 8080 (TCP and UDP) that records what arrives. */
export const there = { v4: '203.0.113.9', v6: '2001:db8:9::9' } as const
/** The same, for a policy to allow. */
export const allowed = { v4: '203.0.113.10', v6: '2001:db8:9::10' } as const

export const servers = [
  { name: 'other.example.net', addresses: Object.values(there), ports: { tcp: 8080, udp: 8080 } },
  {
    name: 'allowed.example.net',
    addresses: Object.values(allowed),
    ports: { tcp: 8080, udp: 8080 },
  },
]

export interface NetworkAct {
  /** Of the program of acts. */
  name: string
  protocol: 'tcp' | 'udp'
  via: 'connect' | 'send'
}

/** Every way in which a program reaches for a destination. */
export const networkActs: readonly NetworkAct[] = [
  { name: 'tcp', protocol: 'tcp', via: 'connect' },
  { name: 'tcp-fast-open', protocol: 'tcp', via: 'connect' },
  { name: 'uring-connect', protocol: 'tcp', via: 'connect' },
  { name: 'udp-connect', protocol: 'udp', via: 'send' },
  { name: 'udp-sendto', protocol: 'udp', via: 'send' },
  { name: 'udp-sendmsg', protocol: 'udp', via: 'send' },
  { name: 'udp-sendmmsg', protocol: 'udp', via: 'send' },
  { name: 'uring-send', protocol: 'udp', via: 'send' },
]

/** The forms in which a program may name the same far end: IPv4, IPv6, and IPv4 through an IPv6 socket. */
export const formsOf = (end: { v4: string; v6: string }): string[] => [
  end.v4,
  end.v6,
  `::ffff:${end.v4}`,
]

/** Its address as the network sees it. */
export const onTheWire = (address: string): string => address.replace('::ffff:', '')

/** The program that acts, compiled. */
export function compileActs(place: Place): string {
  return place.compile('act', join(import.meta.dirname, '../../agent/test/enforce/acts'))
}

/** A shell line for each act on each form of an end, which prints `NAME ADDRESS OUTCOME`. */
export function script(program: string, end: { v4: string; v6: string }): string {
  return networkActs
    .flatMap(({ name }) =>
      formsOf(end).map(
        (address) => `echo "${name} ${address} $(${program} ${name} ${address} 8080)"`,
      ),
    )
    .join('\n')
}
