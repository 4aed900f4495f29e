import { createSocket, type Socket } from 'node:dgram'

/** Addresses are given as such: nothing is ever looked up. */
type Lookup = (
  host: string,
  options: unknown,
  done: (error: null, address: string, family: number) => void,
) => void
const lookups: Record<'udp4' | 'udp6', Lookup> = {
  udp4: (host, _options, done) => done(null, host === '' ? '0.0.0.0' : host, 4),
  udp6: (host, _options, done) => done(null, host === '' ? '::' : host, 6),
}

/** A UDP socket that looks no name up, which also makes its sends immediate. */
export function openUdp(type: 'udp4' | 'udp6'): Socket {
  return createSocket({ type, lookup: lookups[type], ...(type === 'udp6' && { ipv6Only: true }) })
}
