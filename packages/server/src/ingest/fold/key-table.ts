import type { Hash } from './keyed-hash.ts'

const smallest = 1 << 8

/**
 * Which row each key has: numbers from 1 by hashes. A table of 12 bytes for a slot, half of them used: a Map of as many texts
 * would take ten times that.
 */
export class KeyTable {
  #slots = new Int32Array(3 * smallest)
  #mask = smallest - 1
  /** How many keys there are. */
  size = 0

  /** What it takes: of so many slots 12 bytes each. */
  get slots(): number {
    return this.#mask + 1
  }

  /** 0: it has none. */
  get({ low, high }: Hash): number {
    const slots = this.#slots
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const n = slots[3 * slot + 2] ?? 0
      if (n === 0 || (slots[3 * slot] === low && slots[3 * slot + 1] === high)) return n
    }
  }

  /** A key that it does not have. */
  add({ low, high }: Hash, n: number): void {
    if (2 * ++this.size > this.#mask) this.#grow()
    put(this.#slots, this.#mask, low, high, n)
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Int32Array(2 * old.length)
    this.#mask = 2 * this.#mask + 1
    for (let at = 0; at < old.length; at += 3) {
      const [low = 0, high = 0, n = 0] = [old[at], old[at + 1], old[at + 2]]
      if (n !== 0) put(this.#slots, this.#mask, low, high, n)
    }
  }
}

function put(slots: Int32Array, mask: number, low: number, high: number, n: number): void {
  let slot = low & mask
  while (slots[3 * slot + 2] !== 0) slot = (slot + 1) & mask
  slots[3 * slot] = low
  slots[3 * slot + 1] = high
  slots[3 * slot + 2] = n
}
