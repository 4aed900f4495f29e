/**
 * An address block. 16 bytes, IPv4 as IPv4-mapped IPv6 (::ffff:a.b.c.d), as the kernel's maps
 * hold it; `prefix` counts bits of these 16 bytes, so an IPv4 /24 has prefix 120.
 */
export interface AddressBlock {
  readonly family: 4 | 6
  readonly address: Uint8Array
  readonly prefix: number
}

/** Reads one IPv4 address in strict dotted-decimal form (no octal, hex or short forms). */
export function readIPv4(text: string): Uint8Array | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return null
  const bytes = new Uint8Array(16)
  bytes[10] = 0xff
  bytes[11] = 0xff
  for (let i = 0; i < 4; i++) {
    const part = match[i + 1] ?? ''
    const value = Number(part)
    if (value > 255 || (part.length > 1 && part.startsWith('0'))) return null
    bytes[12 + i] = value
  }
  return bytes
}

/** Reads one IPv6 address (RFC 4291 §2.2), without zone; an IPv4 tail is understood. */
export function readIPv6(text: string): Uint8Array | null {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text)) return null
  let source = text
  const dot = source.lastIndexOf('.')
  if (dot >= 0) {
    const cut = source.lastIndexOf(':')
    const tail = readIPv4(source.slice(cut + 1))
    if (tail === null) return null
    const group = (at: number) => (((tail[at] ?? 0) << 8) | (tail[at + 1] ?? 0)).toString(16)
    source = `${source.slice(0, cut + 1)}${group(12)}:${group(14)}`
  }
  const halves = source.split('::')
  if (halves.length > 2) return null
  const head = groupsOf(halves[0])
  const tail = groupsOf(halves[1])
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null
  const all = [...head, ...Array.from({ length: missing }, () => '0'), ...tail]
  const bytes = new Uint8Array(16)
  for (const [i, part] of all.entries()) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null
    const value = Number.parseInt(part, 16)
    bytes[2 * i] = value >> 8
    bytes[2 * i + 1] = value & 0xff
  }
  return bytes
}

function groupsOf(half: string | undefined): string[] {
  return half === undefined || half === '' ? [] : half.split(':')
}

/** Reads an IPv4 or IPv6 address; IPv4 and IPv4-mapped text give the same 16 bytes. */
export function readAddress(text: string): Uint8Array | null {
  return text.includes(':') ? readIPv6(text) : readIPv4(text)
}

const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

export function isMapped(address: Uint8Array): boolean {
  return mapped.every((byte, i) => byte === address[i])
}

/**
 * What never leaves the machine: 127.0.0.0/8 and ::1; and the unspecified address, which the kernel takes for them where something
 * is sent (is_loopback in bpf/include/destination.h).
 */
export function isLoopback(address: Uint8Array): boolean {
  if (isMapped(address))
    return address[12] === 127 || address.subarray(12).every((byte) => byte === 0)
  return address.every((byte, i) => byte === 0 || (i === 15 && byte === 1))
}

/** The same of an address as text; any other text is none. */
export function isLoopbackText(text: string): boolean {
  const address = readAddress(text)
  return address !== null && isLoopback(address)
}

/** The address with every bit after `prefix` cleared. */
export function maskAddress(address: Uint8Array, prefix: number): Uint8Array {
  const bytes = new Uint8Array(16)
  for (let i = 0; i < 16; i++) {
    const bits = Math.min(8, Math.max(0, prefix - 8 * i))
    bytes[i] = (address[i] ?? 0) & (0xff00 >> bits)
  }
  return bytes
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Text of an address: dotted IPv4, or IPv6 in the form of RFC 5952. */
export function formatAddress(address: Uint8Array): string {
  if (isMapped(address)) return `${address[12]}.${address[13]}.${address[14]}.${address[15]}`
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0)).toString(16),
  )
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let run = 0
    while (groups[i + run] === '0') run++
    if (run > length) {
      start = i
      length = run
    }
  }
  if (start < 0) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

/** Text of a block: the address alone when it is one address, else address/length. */
export function formatBlock(block: AddressBlock): string {
  const text = formatAddress(block.address)
  if (block.prefix === 128) return text
  return `${text}/${block.family === 4 ? block.prefix - 96 : block.prefix}`
}
