/**
 * Layouts of the enforcement maps that other threads read and write, as bpf/include/enforce.h has
 * them (a test holds both against each other). Little-endian; addresses are 16 bytes in network
 * order, IPv4 as IPv4-mapped (::ffff:a.b.c.d).
 */

/** Ids by which another thread opens the maps (openMapById). */
export interface EnforceMapIds {
  learned: number
  names: number
  nameIds: number
  led: number
  dnsClients: number
  /** Of the sensor; null: there is none. */
  processFits: number | null
}

/** IP protocol numbers of the two protocols that names can be granted for. */
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17

/** In place of a rule's index: no rule is behind it. */
export const RULE_NONE = 0xffff_ffff

/** Ranges of ports that one learned address holds, over all names that lead to it. */
export const LEARNED_RANGES = 16

/** Ports of an address that a name led to. */
export interface LearnedRange {
  /** When it ends, CLOCK_BOOTTIME ns. */
  expires: bigint
  /** Id of the name; 0: it is not known. */
  name: number
  /** Index of the rule that allows it; RULE_NONE: no rule does, the name is only known. */
  rule: number
  portFrom: number
  portTo: number
  /** The rule binds connections to no name. */
  unchecked: boolean
  /** What the rule's line is narrowed to, as the kernel numbers it; 0: it is for everybody. */
  narrowing: number
}

const UNCHECKED = 1

const RANGE_BYTES = 32
export const LEARNED_KEY_BYTES = 20
export const LEARNED_VALUE_BYTES = 8 + LEARNED_RANGES * RANGE_BYTES

export function encodeLearnedKey(address: Uint8Array, protocol: number): Buffer {
  const key = Buffer.alloc(LEARNED_KEY_BYTES)
  key.set(address)
  key[16] = protocol
  return key
}

export function decodeLearnedKey(key: Buffer): { address: Buffer; protocol: number } {
  return { address: Buffer.from(key.subarray(0, 16)), protocol: key.readUInt8(16) }
}

/** At most LEARNED_RANGES ranges; more are a mistake of the caller's. */
export function encodeLearnedValue(ranges: readonly LearnedRange[]): Buffer {
  const value = Buffer.alloc(LEARNED_VALUE_BYTES)
  value.writeUInt32LE(ranges.length, 0)
  for (const [index, range] of ranges.entries()) {
    const at = 8 + index * RANGE_BYTES
    value.writeBigUInt64LE(range.expires, at)
    value.writeUInt32LE(range.name, at + 8)
    value.writeUInt32LE(range.rule, at + 12)
    value.writeUInt16LE(range.portFrom, at + 16)
    value.writeUInt16LE(range.portTo, at + 18)
    value.writeUInt32LE(range.unchecked ? UNCHECKED : 0, at + 20)
    value.writeUInt32LE(range.narrowing, at + 24)
  }
  return value
}

export function decodeLearnedValue(value: Buffer): LearnedRange[] {
  const count = Math.min(value.readUInt32LE(0), LEARNED_RANGES)
  return Array.from({ length: count }, (_, index) => {
    const at = 8 + index * RANGE_BYTES
    return {
      expires: value.readBigUInt64LE(at),
      name: value.readUInt32LE(at + 8),
      rule: value.readUInt32LE(at + 12),
      portFrom: value.readUInt16LE(at + 16),
      portTo: value.readUInt16LE(at + 18),
      unchecked: (value.readUInt32LE(at + 20) & UNCHECKED) !== 0,
      narrowing: value.readUInt32LE(at + 24),
    }
  })
}

/** Bytes of a name in the map of names; longer than any name of the DNS (RFC 1035 §2.3.4). */
export const NAME_BYTES = 256

export function encodeNameKey(id: number): Buffer {
  const key = Buffer.alloc(4)
  key.writeUInt32LE(id)
  return key
}

export function encodeName(name: string): Buffer {
  const value = Buffer.alloc(NAME_BYTES)
  value.write(name, 0, NAME_BYTES - 1, 'utf8')
  return value
}

export function decodeName(value: Buffer): string {
  const end = value.indexOf(0)
  return value.toString('utf8', 0, end < 0 ? value.length : end)
}

/** Who sends from an address and port to the DNS proxy, and which server it asked. */
export interface DnsClientEntry {
  /** Start of the process, CLOCK_BOOTTIME ns, and its id in the initial pid namespace. */
  start: bigint
  tgid: number
  serverPort: number
  server: Buffer
}

export const DNS_CLIENT_KEY_BYTES = 24
export const DNS_CLIENT_VALUE_BYTES = 32

/**
 * @param protocol IPPROTO_UDP or IPPROTO_TCP
 * @param port of the client
 * @param netns low half of its network namespace's cookie; 0: the proxy's own
 */
export function encodeDnsClientKey(
  protocol: number,
  address: Uint8Array,
  port: number,
  netns: number,
): Buffer {
  const key = Buffer.alloc(DNS_CLIENT_KEY_BYTES)
  key[0] = protocol
  key.writeUInt16LE(port, 2)
  key.writeUInt32LE(netns, 4)
  key.set(address, 8)
  return key
}

export function decodeDnsClientValue(value: Buffer): DnsClientEntry {
  return {
    start: value.readBigUInt64LE(0),
    tgid: value.readUInt32LE(8),
    serverPort: value.readUInt16LE(12),
    server: Buffer.from(value.subarray(16, 32)),
  }
}
