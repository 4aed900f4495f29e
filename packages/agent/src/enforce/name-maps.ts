/**
 * Layouts of the maps that bind connections to names, as bpf/include/names.h has them (a test holds both against each
 * other). Little-endian.
 */

/** A name as the kernel looks it up: its length, its lower-case text, zeros. */
export const NAME_KEY_BYTES = 256

/** Longest name of the DNS as text, without trailing dot (RFC 1035 §2.3.4). */
const LONGEST_NAME = 253

/** Null: no name of the DNS is that long, so nobody can mean it. */
export function encodeNameText(name: string): Buffer | null {
  const text = Buffer.from(name, 'utf8')
  if (text.length === 0 || text.length > LONGEST_NAME) return null
  const key = Buffer.alloc(NAME_KEY_BYTES)
  key[0] = text.length
  key.set(text, 1)
  return key
}

/** In place of an address's only name: several led there. */
export const NAME_SHARED = 0xffff_ffff

/** The same, and not all of them are in the map any more, or ever were. */
export const NAME_FORGOTTEN = 0xffff_fffe

/** Under this name lies what all names of an address have in common: the ports that policy allows each of them for. */
export const ALL_NAMES = 0

/** Port ranges of one name at one address. */
export const NAME_RANGES = 8

export const LED_KEY_BYTES = 20
const RANGE_BYTES = 12
export const LED_BYTES = 16 + NAME_RANGES * RANGE_BYTES

/** TCP ports that policy allows a name for. */
export interface NameRange {
  rule: number
  portFrom: number
  portTo: number
  /** What the rule's line is narrowed to; 0: it is for everybody. */
  narrowing: number
}

/** That a name led to an address. */
export interface Led {
  /** CLOCK_BOOTTIME ns. */
  expires: bigint
  /** The name that was asked: this one, or one that it is an alias of. Under ALL_NAMES: the only one, NAME_SHARED or NAME_FORGOTTEN. */
  asked: number
  ranges: NameRange[]
}

export function encodeLedKey(address: Uint8Array, name: number): Buffer {
  const key = Buffer.alloc(LED_KEY_BYTES)
  key.set(address)
  key.writeUInt32LE(name, 16)
  return key
}

export function decodeLedKey(key: Buffer): { address: Buffer; name: number } {
  return { address: Buffer.from(key.subarray(0, 16)), name: key.readUInt32LE(16) }
}

/** Of more than NAME_RANGES ranges the last are left out. */
export function encodeLed({ expires, asked, ranges }: Led): Buffer {
  const value = Buffer.alloc(LED_BYTES)
  const kept = ranges.slice(0, NAME_RANGES)
  value.writeBigUInt64LE(expires, 0)
  value.writeUInt32LE(asked, 8)
  value.writeUInt32LE(kept.length, 12)
  for (const [index, range] of kept.entries()) {
    const at = 16 + index * RANGE_BYTES
    value.writeUInt32LE(range.rule, at)
    value.writeUInt32LE(range.narrowing, at + 4)
    value.writeUInt16LE(range.portFrom, at + 8)
    value.writeUInt16LE(range.portTo, at + 10)
  }
  return value
}

export function decodeLed(value: Buffer): Led {
  const count = Math.min(value.readUInt32LE(12), NAME_RANGES)
  return {
    expires: value.readBigUInt64LE(0),
    asked: value.readUInt32LE(8),
    ranges: Array.from({ length: count }, (_, index) => {
      const at = 16 + index * RANGE_BYTES
      return {
        rule: value.readUInt32LE(at),
        narrowing: value.readUInt32LE(at + 4),
        portFrom: value.readUInt16LE(at + 8),
        portTo: value.readUInt16LE(at + 10),
      }
    }),
  }
}
