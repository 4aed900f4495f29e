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

function isMapped(address: Uint8Array): boolean {
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
