const BITS = 1 << 20

/**
 * Counts different keys in fixed memory (128 KiB), for lists that are full: about right up to a
 * million keys (two keys that fall on one bit count as one), never too many.
 */
export class Seen {
  #bits: Uint32Array | undefined
  #count = 0

  add(key: string): void {
    this.#bits ??= new Uint32Array(BITS / 32)
    const bit = hash(key) % BITS
    const word = bit >>> 5
    const mask = 1 << (bit & 31)
    const before = this.#bits[word] ?? 0
    if ((before & mask) !== 0) return
    this.#bits[word] = before | mask
    this.#count += 1
  }

  get count(): number {
    return this.#count
  }
}

/** FNV-1a over UTF-16 units, finished as in MurmurHash3 so that the low bits are good. */
function hash(key: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < key.length; index += 1) {
    value = Math.imul(value ^ key.charCodeAt(index), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
