import type { MapEntries } from '@runwarden/libbpf'

/** Entries that there is room for at first. */
const ROOM = 16

/** Entries for a map, one after the other in two buffers: as an object each, those of a large policy keep the garbage collector busy. */
export class EntryList implements MapEntries {
  readonly #keySize: number
  readonly #valueSize: number
  #keys: Buffer
  #values: Buffer
  #count = 0

  /**
   * @param keySize and valueSize: bytes of each
   * @param room entries that are expected
   */
  constructor(keySize: number, valueSize: number, room = ROOM) {
    this.#keySize = keySize
    this.#valueSize = valueSize
    this.#keys = Buffer.alloc(Math.max(ROOM, room) * keySize)
    this.#values = Buffer.alloc(Math.max(ROOM, room) * valueSize)
  }

  get keys(): Buffer {
    return this.#keys.subarray(0, this.#count * this.#keySize)
  }

  get values(): Buffer {
    return this.#values.subarray(0, this.#count * this.#valueSize)
  }

  get count(): number {
    return this.#count
  }

  /** Takes copies. @param value a number is 4 bytes of it */
  add(key: Uint8Array, value: Uint8Array | number): void {
    this.addBy((keys, at) => keys.set(key, at), value)
  }

  /** Adds an entry whose key is written to where it stands in the list. @param write gets the bytes of all keys, and where the new one begins */
  addBy(write: (keys: Buffer, at: number) => void, value: Uint8Array | number): void {
    const index = this.#count++
    if (this.#keys.length < this.#count * this.#keySize) {
      this.#keys = Buffer.concat([this.#keys, this.#keys])
      this.#values = Buffer.concat([this.#values, this.#values])
    }
    write(this.#keys, index * this.#keySize)
    if (typeof value === 'number') this.#values.writeUInt32LE(value, index * this.#valueSize)
    else this.#values.set(value, index * this.#valueSize)
  }

  *[Symbol.iterator](): Generator<[key: Buffer, value: Buffer], void, void> {
    for (let i = 0; i < this.#count; i++)
      yield [
        this.#keys.subarray(i * this.#keySize, (i + 1) * this.#keySize),
        this.#values.subarray(i * this.#valueSize, (i + 1) * this.#valueSize),
      ]
  }
}
