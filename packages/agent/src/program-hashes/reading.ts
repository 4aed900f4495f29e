import { createHash, type Hash } from 'node:crypto'
import { closeSync, fstatSync, readSync } from 'node:fs'
import { mostBytes, type ProgramAsk, type ProgramReply, tickMs } from './contract.ts'
import { millisecondsNow, openProgram, type OpenProgram, runs } from './open.ts'

const chunkBytes = 1 << 20
let chunk: Buffer | undefined

/** A program's file that is being hashed, part by part. */
export class Reading {
  readonly #ask: ProgramAsk
  readonly #file: OpenProgram
  readonly #hash: Hash = createHash('sha256')
  #read = 0

  private constructor(ask: ProgramAsk, file: OpenProgram) {
    this.#ask = ask
    this.#file = file
  }

  /** @returns the answer, where it can't be read */
  static begin(ask: ProgramAsk): Reading | ProgramReply {
    const open = openProgram(ask)
    if (typeof open === 'object') return new Reading(ask, open)
    return { number: ask.number, sha256: null, size: null, unread: open, ranAt: null }
  }

  /** Bytes that are still to be read. */
  get left(): number {
    return Number(this.#file.stat.size) - this.#read
  }

  /** Gives it up. @returns what was asked */
  close(): ProgramAsk {
    closeSync(this.#file.fd)
    return this.#ask
  }

  /** Reads the next part. @returns the answer, when that was all */
  next(): ProgramReply | undefined {
    chunk ??= Buffer.allocUnsafeSlow(chunkBytes)
    let bytes
    try {
      bytes = readSync(this.#file.fd, chunk, 0, chunkBytes, null)
    } catch {
      return this.#done('unreadable')
    }
    this.#read += bytes
    if (bytes === 0 || this.#read > mostBytes) return this.#done(this.#isAsItWas() ? '' : 'changed')
    this.#hash.update(bytes === chunkBytes ? chunk : chunk.subarray(0, bytes))
    return undefined
  }

  #done(unread: ProgramReply['unread']): ProgramReply {
    const { fd, stat, ranAt } = this.#file
    closeSync(fd)
    const sha256 = unread === '' ? this.#hash.digest('hex') : null
    return { number: this.#ask.number, sha256, size: Number(stat.size), unread, ranAt }
  }

  /** What was read is what it held when it was started. */
  #isAsItWas(): boolean {
    const { pid, young } = this.#ask
    const { fd, stat, ranAt } = this.#file
    const now = fstatSync(fd, { bigint: true })
    if (now.size !== BigInt(this.#read) || now.size !== stat.size) return false
    // Its ctime may have moved on before it was opened, but not just then.
    const wasOld = ranAt === null || ranAt - Number(stat.ctimeNs) / 1e6 > tickMs
    if (now.ctimeNs === stat.ctimeNs && !young && wasOld) return true
    this.#file.ranAt = millisecondsNow()
    return runs(pid, fd)
  }
}
