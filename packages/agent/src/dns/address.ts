import { isIPv4, isIPv6 } from 'node:net'

/** Sixteen bytes in network order; IPv4 as IPv4-mapped (::ffff:a.b.c.d), as the kernel maps keep it. */
export type Address = Buffer

const MAPPED = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])

/** Four bytes of a message as an address. */
export function fromIpv4(bytes: Uint8Array, at = 0): Address {
  const address = Buffer.alloc(16)
  address[10] = 0xff
  address[11] = 0xff
  for (let i = 0; i < 4; i++) address[12 + i] = bytes[at + i]!
  return address
}

export function isMapped(address: Uint8Array): boolean {
  return MAPPED.equals(address.subarray(0, 12))
}

/** Text of an address: dotted for IPv4, RFC 5952 for IPv6. */
export function formatAddress(address: Uint8Array): string {
  if (isMapped(address)) return `${address[12]}.${address[13]}.${address[14]}.${address[15]}`
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push((address[i]! << 8) | address[i + 1]!)
  let best = -1
  let bestLength = 1
  for (let i = 0; i < 8; i++) {
    let j = i
    while (j < 8 && groups[j] === 0) j++
    if (j - i > bestLength) {
      best = i
      bestLength = j - i
    }
  }
  if (best < 0) return hex(groups)
  return `${hex(groups.slice(0, best))}::${hex(groups.slice(best + bestLength))}`
}

function hex(groups: number[]): string {
  return groups.map((group) => group.toString(16)).join(':')
}

/** Parses a plain address (no zone, no prefix); null when it is none. */
export function parseAddress(text: string): Address | null {
  if (isIPv4(text)) return fromIpv4(Uint8Array.from(text.split('.'), Number))
  if (!isIPv6(text) || text.includes('%')) return null
  let groups = text
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  if (dotted) {
    const [a, b, c, d] = dotted[2]!.split('.').map(Number)
    groups = `${dotted[1]}${((a! << 8) | b!).toString(16)}:${((c! << 8) | d!).toString(16)}`
  }
  const [head = '', tail] = groups.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  const address = Buffer.alloc(16)
  ;[...before, ...zeros, ...after].forEach((group, index) =>
    address.writeUInt16BE(Number.parseInt(group, 16), index * 2),
  )
  return address
}

/**
 * The address that a reverse name is for (`4.3.2.1.in-addr.arpa`, 32 nibbles under `ip6.arpa`), or
 * null when it is not written exactly so: a reverse name must not carry anything else away.
 */
export function fromReverseName(name: string): Address | null {
  if (name.endsWith('.in-addr.arpa')) {
    const parts = name.slice(0, -'.in-addr.arpa'.length).split('.')
    return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))
      ? parseAddress(parts.toReversed().join('.'))
      : null
  }
  if (!name.endsWith('.ip6.arpa')) return null
  const nibbles = name.slice(0, -'.ip6.arpa'.length).split('.')
  if (nibbles.length !== 32 || !nibbles.every((nibble) => /^[0-9a-f]$/.test(nibble))) return null
  return Buffer.from(nibbles.toReversed().join(''), 'hex')
}

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
  const address = parseAddress(text)!
  return { address, bits: isMapped(address) ? bits + 96 : bits, what }
})

/** IPv4 addresses written inside IPv6 ones: NAT64 (RFC 6052), 6to4, IPv4-compatible, IPv4-translated (RFC 2765). */
const EMBEDDED: readonly (readonly [Address, number, number])[] = [
  [parseAddress('64:ff9b::')!, 96, 12],
  [parseAddress('2002::')!, 16, 2],
  [parseAddress('::')!, 96, 12],
  [parseAddress('::ffff:0:0:0')!, 96, 12],
]

/** Do the first `bits` bits of two addresses agree? */
function samePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false
  const rest = bits & 7
  return rest === 0 || ((a[whole]! ^ b[whole]!) & (0xff << (8 - rest))) === 0
}

/** What kind of address this is when it is not one of the open internet's ("a private"), else null. */
export function specialRange(address: Uint8Array): string | null {
  for (const range of special) if (samePrefix(address, range.address, range.bits)) return range.what
  if (isMapped(address)) return null
  for (const [prefix, bits, at] of EMBEDDED) {
    if (samePrefix(address, prefix, bits)) return specialRange(fromIpv4(address, at))
  }
  return null
}
