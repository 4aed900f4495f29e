import { closeSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompressSync } from 'node:zlib'
import { errnoOf, messageOf } from '../errors.ts'
import { EventFile, OutputFolder } from '../output.ts'
import {
  chainHash,
  decodeSegment,
  encodeSegment,
  firstPrevious,
  type Segment,
} from './segment-file.ts'

const pack = promisify(zstdCompress)

interface SpoolOptions {
  /** Bytes on disk at most; default 256 MiB. */
  most?: number
  /** Told what is not kept, a sentence. */
  gap: (text: string) => void
}

interface Kept {
  /** Of a packed one its sequence; of one that is not, its place among these. */
  number: number
  bytes: number
}

/** A segment is full with so many bytes of NDJSON: a server takes 16 MiB. */
const fullAt = 1 << 20
/** A server takes no longer line, bytes. */
const longestLine = 1 << 20
const defaultMost = 256 << 20
const retryMs = 1000

/**
 * Events on their way to the control plane, in segments: `<number>.ndjson` while they are added, `<seq>.zst` once packed
 * and chained. What is there survives the process; a segment goes when it and the one behind it were acknowledged, so
 * that the chain can always be continued from what lies there. What does not fit is counted, and told.
 */
export class Spool {
  readonly path: string
  readonly #folder: OutputFolder
  readonly #most: number
  readonly #gap: (text: string) => void
  #file: { number: number; events: EventFile } | undefined
  #files = 0
  /** Full ones that are not packed yet. */
  readonly #full: Kept[] = []
  /** Packed ones that were not acknowledged. */
  readonly #packed: Kept[] = []
  #sequence = 0
  #hash: Buffer = firstPrevious
  /** Of all that was not acknowledged, but for the open one. */
  #bytes = 0
  #acknowledged = 0
  #packing: Promise<void> = Promise.resolve()
  #lost = 0
  /** Events lost since the last gap was told; null: they fit. */
  #losing: number | null = null
  /** The disk takes nothing: not tried again before, by the clock of performance.now(). */
  #notBefore = 0
  /** Why nothing can be packed; empty: it can. */
  #unpacked = ''
  /** One that the disk did not take packed: it is sent from here, and lies there unpacked until then. */
  #held: Segment | undefined
  #closed = false
  #lastLine: string | null = null

  private constructor(path: string, { most = defaultMost, gap }: SpoolOptions) {
    this.path = path
    this.#folder = OutputFolder.open(path)
    this.#most = most
    this.#gap = gap
  }

  /**
   * Opens a folder, and takes over what lies in it from a process that was killed.
   * @throws the system's error
   */
  static open(path: string, options: SpoolOptions): Spool {
    const spool = new Spool(path, options)
    spool.#recover()
    return spool
  }

  /** Of the last segment that was packed; 0: none. */
  get sequence(): number {
    return this.#sequence
  }

  /** The same one's hash. */
  get hash(): Buffer {
    return this.#hash
  }

  /** The last that lay there when it was opened, which may have been acknowledged; null: there was none. */
  get lastLine(): string | null {
    return this.#lastLine
  }

  /** Events that did not fit. */
  get lost(): number {
    return this.#lost
  }

  /** What was not acknowledged yet. */
  get unsent(): { segments: number; bytes: number } {
    const open = this.#file === undefined ? 0 : 1
    const segments = this.#full.length + this.#packed.length + open
    return { segments, bytes: this.#bytes + this.open }
  }

  /** There is more to do when it is sealed the next time, though nothing was added. */
  get isBehind(): boolean {
    const isFailing = (this.#file?.events.failure ?? '') !== ''
    return isFailing || (this.#full.length > 0 && this.#held === undefined)
  }

  /** Takes one event, as a line of JSON. */
  add(line: string): void {
    if (this.#closed) return
    const bytes = line.length > longestLine / 4 ? Buffer.byteLength(line) : line.length
    if (bytes > longestLine) {
      this.#lost++
      this.#tell(
        `an event of ${bytes} bytes did not go to the control plane, which takes ${longestLine}`,
      )
      return
    }
    if (!this.#fits(bytes)) {
      this.#lose()
      return
    }
    this.#file ??= this.#begin()
    if (this.#file === undefined) {
      this.#lose()
      return
    }
    this.#found()
    this.#file.events.add(line)
    if (this.#file.events.bytes >= fullAt) void this.seal()
  }

  /** Hands what was added to the system: it survives this process then. */
  flush(): void {
    this.#file?.events.flush()
  }

  /** Bytes in the segment that is open. */
  get open(): number {
    return this.#file?.events.bytes ?? 0
  }

  /** Ends the open segment, and packs all that are not. */
  seal(): Promise<void> {
    if (this.#closed) return this.#packing
    this.#notBefore = 0
    const file = this.#file
    this.#file = undefined
    if (file !== undefined) this.#close(file)
    this.#packing = this.#packing
      .then(() => this.#packAll())
      .catch((error: unknown) => this.#tell(`${this.path} cannot be kept: ${messageOf(error)}`))
    return this.#packing
  }

  /** The first that was not acknowledged; undefined: there is none that is packed. @throws where it cannot be read now */
  next(): Segment | undefined {
    for (let first = this.#packed[0]; first !== undefined; first = this.#packed[0]) {
      if (this.#held?.seq === first.number) return this.#held
      const segment = decodeSegment(first.number, this.#read(`${first.number}.zst`))
      if (segment !== undefined) return segment
      this.setAside(first.number)
      this.#gap(
        `segment ${first.number} of what goes to the control plane was changed or removed in ${this.path} by somebody else: it is not sent`,
      )
    }
    return undefined
  }

  /** The server has it, whoever it was sent by. */
  acknowledge(seq: number): void {
    if (this.#packed[0]?.number !== seq) return
    const held = this.#held
    this.setAside(seq)
    if (held?.seq === seq && !this.#keepEnd(held)) return
    if (this.#acknowledged > 0) this.#folder.remove(`${this.#acknowledged}.zst`)
    this.#acknowledged = seq
  }

  /** The server will never take it: it stays, and those behind it go on. */
  setAside(seq: number): void {
    if (this.#packed[0]?.number !== seq) return
    this.#bytes -= this.#packed.shift()?.bytes ?? 0
    if (this.#held?.seq === seq) this.#held = undefined
  }

  /** In the place of its events there is room for what continues the chain. @returns false: not even there */
  #keepEnd(segment: Segment): boolean {
    this.#folder.remove(`${segment.seq}.ndjson`)
    try {
      this.#write(`${segment.seq}.zst`, encodeSegment(segment))
      return true
    } catch {
      return false
    }
  }

  async close(): Promise<void> {
    await this.seal()
    this.#closed = true
    this.#folder.close()
  }

  /** Once it was full there has to be some room again, or it would be full with each event. */
  #fits(bytes: number): boolean {
    return (
      this.#bytes + this.open + bytes <= (this.#losing === null ? this.#most : this.#most * 0.9)
    )
  }

  #lose(): void {
    this.#lost++
    if (this.#losing === null) {
      this.#losing = 0
      const { segments } = this.unsent
      this.#tell(
        `events no longer go to the control plane: ${segments} segments that it has not acknowledged fill ${this.path}, or it cannot be written`,
      )
    }
    this.#losing++
  }

  #found(): void {
    const lost = this.#losing
    if (lost === null) return
    this.#losing = null
    this.#tell(`${lost} events did not go to the control plane: its spool was full`)
  }

  /** It becomes an event itself, which comes behind the one that is told now. */
  #tell(text: string): void {
    setImmediate(() => this.#gap(text)).unref()
  }

  #begin(): { number: number; events: EventFile } | undefined {
    if (performance.now() < this.#notBefore) return undefined
    const number = this.#files + 1
    try {
      const fd = this.#folder.create(`${number}.ndjson`)
      const events = new EventFile(fd, () => this.#failed())
      this.#files = number
      return { number, events }
    } catch {
      this.#failed()
      return undefined
    }
  }

  #failed(): void {
    this.#notBefore = performance.now() + retryMs
  }

  #close({ number, events }: { number: number; events: EventFile }): void {
    const name = `${number}.ndjson`
    events.flush()
    const { bytes, lost, failure } = events
    const changed = failure === '' ? events.tampering(this.#folder, name) : ''
    events.close()
    this.#lost += lost
    if (failure !== '')
      this.#tell(`${lost} events did not go to the control plane: ${this.path}: ${failure}`)
    if (changed !== '')
      this.#tell(`what goes to the control plane was changed by somebody else: ${changed}`)
    this.#full.push({ number, bytes })
    this.#bytes += bytes
  }

  async #packAll(): Promise<void> {
    for (
      let first = this.#full[0];
      first !== undefined && this.#held === undefined;
      first = this.#full[0]
    ) {
      const name = `${first.number}.ndjson`
      try {
        const there = this.#read(name)
        if (there === undefined) this.#tell(`${name} is no longer in ${this.path}: it is not sent`)
        const content = wholeLines(there)
        if (content.length > 0) await this.#pack(first, content)
        if (this.#held === undefined) this.#folder.remove(`${first.number}.ndjson`)
        this.#unpacked = ''
      } catch (error) {
        // It stays as it is, and is tried again.
        const why = `${name} cannot be packed in ${this.path} now: ${messageOf(error)}`
        if (why !== this.#unpacked) this.#tell(why)
        this.#unpacked = why
        return
      }
      this.#full.shift()
      this.#bytes -= first.bytes
    }
  }

  /** @throws the system's error */
  async #pack(file: Kept, content: Buffer): Promise<void> {
    const body = await pack(content)
    const seq = this.#sequence + 1
    // One before it was empty. Its number says to whoever comes after a kill whether it is packed.
    if (file.number !== seq) this.#folder.rename(`${file.number}.ndjson`, `${seq}.ndjson`)
    file.number = seq
    const segment = { seq, previous: this.#hash, hash: chainHash(this.#hash, body), body }
    const bytes = encodeSegment(segment)
    try {
      this.#write(`${seq}.zst`, bytes)
    } catch {
      this.#held = segment
    }
    this.#sequence = seq
    this.#hash = segment.hash
    this.#packed.push({ number: seq, bytes: bytes.length })
    this.#bytes += bytes.length
  }

  #write(name: string, bytes: Buffer): void {
    const unfinished = `${name}.part`
    const fd = this.#folder.create(unfinished)
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
      this.#folder.rename(unfinished, name)
    } catch (error) {
      this.#folder.remove(unfinished)
      throw error
    } finally {
      closeSync(fd)
    }
  }

  /** @returns undefined: it is not there any more. @throws the system's error */
  #read(name: string): Buffer | undefined {
    try {
      return this.#folder.read(name)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      return undefined
    }
  }

  #recover(): void {
    const found = this.#folder
      .names()
      .flatMap((name) => {
        const [, number, kind] = /^(\d{1,9})\.(zst|ndjson)$/.exec(name) ?? []
        return kind === undefined ? [] : [{ name, number: Number(number), kind }]
      })
      .toSorted((a, b) => a.number - b.number)
    for (const { name, number } of found.filter(({ kind }) => kind === 'zst')) {
      const bytes = this.#read(name) ?? Buffer.alloc(0)
      this.#sequence = number
      this.#hash = Buffer.from(bytes.subarray(32, 64))
      this.#packed.push({ number, bytes: bytes.length })
      this.#bytes += bytes.length
    }
    this.#files = Math.max(this.#sequence, found.at(-1)?.number ?? 0)
    for (const { name, number } of found.filter(({ kind }) => kind === 'ndjson')) {
      // It was packed, and the process killed before it could be removed.
      if (number <= this.#sequence) {
        this.#folder.remove(name)
        continue
      }
      const { length } = this.#read(name) ?? ''
      this.#full.push({ number, bytes: length })
      this.#bytes += length
    }
    this.#lastLine = this.#findLastLine()
    if (this.#full.length > 0) void this.seal()
  }

  #findLastLine(): string | null {
    for (const { number } of this.#full.toReversed()) {
      const line = lastOf(this.#read(`${number}.ndjson`))
      if (line !== null) return line
    }
    const last = decodeSegment(this.#sequence, this.#read(`${this.#sequence}.zst`))
    if (last === undefined) return null
    return lastOf(zstdDecompressSync(last.body, { maxOutputLength: fullAt + longestLine + 1 }))
  }
}

/** The last whole line; null: there is none. */
function lastOf(content: Buffer | undefined): string | null {
  const whole = wholeLines(content)
  if (whole.length === 0) return null
  return whole.toString('utf8', whole.lastIndexOf(10, -2) + 1, whole.length - 1)
}

/** Without a line that was written in part. */
function wholeLines(content: Buffer = Buffer.alloc(0)): Buffer {
  return content.subarray(0, content.lastIndexOf(10) + 1)
}
