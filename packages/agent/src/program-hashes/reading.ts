import { createHash, type Hash } from 'node:crypto'
import { fstatSync, readSync } from 'node:fs'
import { mostBytes, type ProgramReply, tickMs, type ToRead } from './contract.ts'
import { millisecondsNow, runs } from './open.ts'

const chunkBytes = 1 << 20
let chunk: Buffer | undefined

/** A program's file that is being hashed, part by part. */
export class Reading {
  readonly file: ToRead
  readonly #hash: Hash = createHash('sha256')
  #read = 0

  constructor(file: ToRead) {
    this.file = file
  }

  /** Bytes that are still to be read. */
  get left(): number {
    return this.file.size - this.#read
  }

  /** Reads the next part. @returns the answer, when that was all */
  next(): ProgramReply | undefined {
    chunk ??= Buffer.allocUnsafeSlow(chunkBytes)
    let bytes
    try {
      bytes = readSync(this.file.fd, chunk, 0, chunkBytes, this.#read)
    } catch {
      return this.#answer('unreadable', this.file.ranAt)
    }
    this.#read += bytes
    if (bytes === 0 || this.#read > mostBytes) return this.#judged()
    this.#hash.update(bytes === chunkBytes ? chunk : chunk.subarray(0, bytes))
    return undefined
  }

  /** Whether what was read is what it held when it was started. */
  #judged(): ProgramReply {
    const { fd, pid, young, size, ctimeNs, ranAt } = this.file
    const now = fstatSync(fd, { bigint: true })
    if (Number(now.size) !== this.#read || size !== this.#read)
      return this.#answer('changed', ranAt)
    // Its ctime may have moved on before it was opened, but not just then.
    const wasOld = ranAt === null || ranAt - Number(ctimeNs) / 1e6 > tickMs
    if (now.ctimeNs === ctimeNs && !young && wasOld) return this.#answer('', ranAt)
    const stillAt = millisecondsNow()
    return this.#answer(runs(pid, fd) ? '' : 'changed', stillAt)
  }

  #answer(unread: ProgramReply['unread'], ranAt: number | null): ProgramReply {
    const sha256 = unread === '' ? this.#hash.digest('hex') : null
    return { number: this.file.number, sha256, unread, ranAt }
  }
}
