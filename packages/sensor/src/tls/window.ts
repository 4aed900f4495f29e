import { readSync } from 'node:fs'

const WINDOW_BYTES = 1 << 18
/** What one look into a file may read in all: who made it may have its tables point to and fro. */
const MOST_READ = 128 << 20

/** A file that cannot be looked into, though it may have what is looked for. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile'
}

/** A part of a file at a time, so that large tables cost little memory: for reading more or less in one direction. */
export class Window {
  readonly #fd: number
  readonly #bytes = Buffer.allocUnsafeSlow(WINDOW_BYTES)
  #from = 0
  #length = 0
  #read = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  /** @returns where the byte of the file is in `bytes`; undefined: the file has no `size` bytes there */
  #at(offset: number, size: number): number | undefined {
    if (offset < this.#from || offset + size > this.#from + this.#length) {
      // A table there may have any size: whoever walks through it must not do so to its end.
      if (!Number.isSafeInteger(offset) || offset < 0)
        throw new UnreadableFile('a table that no file has room for')
      this.#from = offset
      this.#length = readSync(this.#fd, this.#bytes, 0, WINDOW_BYTES, offset)
      this.#read += WINDOW_BYTES
      if (this.#read > MOST_READ) throw new UnreadableFile('its tables are too large')
    }
    return size <= this.#length - (offset - this.#from) ? offset - this.#from : undefined
  }

  /** A word of the file, little-endian; 0 behind its end. */
  u32(offset: number): number {
    const at = this.#at(offset, 4)
    return at === undefined ? 0 : this.#bytes.readUInt32LE(at)
  }

  /** A copy of bytes of the file; undefined where it has not so many. */
  copy(offset: number, size: number): Buffer | undefined {
    const at = this.#at(offset, size)
    return at === undefined ? undefined : Buffer.from(this.#bytes.subarray(at, at + size))
  }

  /**
   * Where texts are in a part of the file, at most `most` times each.
   * @returns pairs of a text and its offset from the begin of the part
   */
  *find(
    from: number,
    size: number,
    texts: readonly string[],
    most: number,
  ): Generator<[string, number], void, void> {
    const wanted = texts.map((text) => ({ text, bytes: Buffer.from(text, 'latin1'), left: most }))
    const overlap = Math.max(...wanted.map(({ bytes }) => bytes.length))
    for (let done = 0; done < size; done += WINDOW_BYTES - overlap) {
      this.#length = 0
      if (this.#at(from + done, 1) === undefined) return
      const part = this.#bytes.subarray(0, Math.min(this.#length, size - done))
      for (const one of wanted) {
        let at = part.indexOf(one.bytes)
        for (; at >= 0 && one.left > 0; at = part.indexOf(one.bytes, at + 1)) {
          // What is whole in the overlap is found again in the next part.
          if (at >= WINDOW_BYTES - overlap) break
          one.left--
          yield [one.text, done + at]
        }
      }
    }
  }
}
