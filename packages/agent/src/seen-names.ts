import { randomInt } from 'node:crypto'

const BITS = 1 << 21
const HASHES = 3
/** Suffixes after which a filter is full enough: about 1 in 100 new ones is then taken for one that was seen. */
const CAPACITY = 150_000

/** Since the last turn, or before it. */
export type Seen = 'now' | 'before' | 'never'

/**
 * Which names, and which ends of them, were seen lately: in two Bloom filters of 256 KiB, so that a million
 * names take no more room than a few. What was seen is remembered for one to two turns.
 */
export class SeenNames {
  /** Nobody outside knows it, so nobody can choose names that are taken for others. */
  readonly #seed = randomInt(2 ** 32)
  #now = new Uint32Array(BITS >> 5)
  #before = new Uint32Array(BITS >> 5)
  #added = 0

  /** Half of what is remembered goes. */
  turn(): void {
    this.#before = this.#now
    this.#now = new Uint32Array(BITS >> 5)
    this.#added = 0
  }

  /**
   * Adds a name and all its ends below the zone, and tells which part at its beginning was new, up to and
   * without the longest end that was seen before: what this query can have told the zone's server that no
   * earlier one has.
   * @param lane names of different lanes are different
   */
  add(name: string, zone: string, lane: number): string {
    if (this.#added > CAPACITY) this.turn()
    let hash = Math.imul(this.#seed ^ lane, 0x01000193)
    const below = name.length - zone.length - 1
    let known = Math.max(below, 0)
    let allKnown = true
    for (let at = name.length - 1; at >= 0; at--) {
      hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
      const begins = at === 0 || name[at - 1] === '.'
      if (!begins || at > below) continue
      if (this.#note(hash) !== 'never' && allKnown) known = Math.max(at - 1, 0)
      else allKnown = false
    }
    return name.slice(0, known)
  }

  /** A number for a text, which nobody outside can foresee. */
  hash(text: string, lane: number): number {
    let hash = Math.imul(this.#seed ^ lane, 0x01000193)
    for (let at = 0; at < text.length; at++)
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    return hash
  }

  /** Adds what has such a number, and tells when it was seen. */
  addHash(hash: number): Seen {
    if (this.#added > CAPACITY) this.turn()
    return this.#note(hash)
  }

  /** When was it seen? It is, from here on. */
  #note(hash: number): Seen {
    let mixed = hash ^ (hash >>> 16)
    mixed = Math.imul(mixed, 0x85eb_ca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
    const step = (mixed ^ (mixed >>> 16)) | 1
    let seenNow = true
    let seenBefore = true
    for (let i = 0; i < HASHES; i++) {
      const bit = (hash + Math.imul(i, step)) & (BITS - 1)
      const word = bit >>> 5
      const mask = 1 << (bit & 31)
      if ((this.#before[word]! & mask) === 0) seenBefore = false
      if ((this.#now[word]! & mask) === 0) {
        seenNow = false
        this.#now[word]! |= mask
      }
    }
    if (!seenNow) this.#added++
    return seenNow ? 'now' : seenBefore ? 'before' : 'never'
  }
}
