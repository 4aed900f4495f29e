import { isMapped, readAddress } from './address.ts'

/** Ranges that no public name has a reason to lead to: (first bytes, bits, what it is); narrower ones first. */
const SPECIAL: readonly (readonly [string, number, string])[] = [
  ['0.0.0.0', 8, 'an unspecified'],
  ['10.0.0.0', 8, 'a private'],
  ['100.100.100.200', 32, 'a metadata service'],
  ['100.64.0.0', 10, 'a carrier-grade NAT'],
  ['127.0.0.0', 8, 'a loopback'],
  ['168.63.129.16', 32, 'a platform service'],
  ['169.254.169.254', 32, 'a metadata service'],
  ['169.254.170.2', 32, 'a metadata service'],
  ['169.254.0.0', 16, 'a link-local'],
  ['172.16.0.0', 12, 'a private'],
  ['192.0.0.0', 24, 'a special-purpose'],
  ['192.88.99.0', 24, 'a 6to4 relay'],
  ['192.168.0.0', 16, 'a private'],
  ['198.18.0.0', 15, 'a benchmarking'],
  ['224.0.0.0', 4, 'a multicast'],
  ['240.0.0.0', 4, 'a reserved'],
  ['::', 128, 'an unspecified'],
  ['::1', 128, 'a loopback'],
  // Where in it the IPv4 address stands is the network's own choice (RFC 8215).
  ['64:ff9b:1::', 48, 'a local NAT64'],
  ['100::', 64, 'a discarded'],
  ['2001::', 32, 'a Teredo'],
  ['fd00:ec2::254', 128, 'a metadata service'],
  ['fc00::', 7, 'a private'],
  ['fe80::', 10, 'a link-local'],
  ['fec0::', 10, 'a site-local'],
  ['ff00::', 8, 'a multicast'],
]

const special = SPECIAL.map(([text, bits, what]) => {
  const address = bytes(text)
  return { address, bits: isMapped(address) ? bits + 96 : bits, what }
})

/** IPv4 addresses written inside IPv6 ones: NAT64 (RFC 6052), 6to4, IPv4-compatible, IPv4-translated (RFC 2765). */
const EMBEDDED: readonly (readonly [Uint8Array, number, number])[] = [
  [bytes('64:ff9b::'), 96, 12],
  [bytes('2002::'), 16, 2],
  [bytes('::'), 96, 12],
  [bytes('::ffff:0:0:0'), 96, 12],
]

/** Do the first `bits` bits of two addresses agree? */
function samePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false
  const rest = bits & 7
  return rest === 0 || (((a[whole] ?? 0) ^ (b[whole] ?? 0)) & (0xff << (8 - rest))) === 0
}

/** What kind of address this is when it is not one of the open internet's ("a private"), else null. */
export function specialRange(address: Uint8Array): string | null {
  for (const range of special) if (samePrefix(address, range.address, range.bits)) return range.what
  if (isMapped(address)) return null
  for (const [prefix, bits, at] of EMBEDDED) {
    if (samePrefix(address, prefix, bits)) {
      const inner = bytes('::ffff:0.0.0.0')
      inner.set(address.subarray(at, at + 4), 12)
      return specialRange(inner)
    }
  }
  return null
}

/** An address of this file. */
function bytes(text: string): Uint8Array {
  const address = readAddress(text)
  if (address === null) throw new TypeError(`no address: ${text}`)
  return address
}
