import { createHash, type Hash } from 'node:crypto'
import { fstatSync } from 'node:fs'
import { mostBytes, type ToRead, type WasRead } from './contract.ts'

/** A program's file that is being hashed, part by part. */
export class Reading {
  readonly file: ToRead
  readonly #hash: Hash = createHash('sha256')
  #read = 0

  constructor(file: ToRead) {
    this.file = file
  }

  /** Where its next part begins, bytes. */
  get at(): number {
    return this.#read
  }

  /** Bytes that are still to be read. */
  get left(): number {
    return this.file.size - this.#read
  }

  /**
   * Takes what was read at `at`; null: it could not be read.
   * @returns the answer, when that was all
   */
  take(part: Buffer | null): WasRead | undefined {
    if (part === null) return this.#answer('unreadable')
    this.#read += part.length
    if (part.length > 0 && this.#read <= mostBytes) {
      this.#hash.update(part)
      return undefined
    }
    return this.#answer(this.file.size === this.#read ? '' : 'changed')
  }

  #answer(unread: WasRead['unread']): WasRead {
    const { number, fd } = this.file
    if (unread !== '') return { number, sha256: null, unread, size: 0, ctimeNs: 0n }
    const { size, ctimeNs } = fstatSync(fd, { bigint: true })
    return { number, sha256: this.#hash.digest('hex'), unread, size: Number(size), ctimeNs }
  }
}

/** What is read next: behind a language's whole runtime, the small programs of a short job were not read before its end. */
export function leastLeft(all: readonly Reading[]): Reading {
  return all.reduce((least, one) => (one.left < least.left ? one : least))
}
