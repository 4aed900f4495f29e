import type { DnsQueryRecord } from './contract.ts'

const WRITTEN = 0
const READ = 1
const LOST = 2
const HEADER_BYTES = 12
/** In place of a length: the rest of the ring up to its end is empty. */
const WRAP = 0xffff_ffff

/**
 * Query records on their way from the DNS thread to the agent, in memory that both share. Unlike
 * postMessage it wakes nobody: on two cores a wake-up per query costs as much as the query. What
 * was written is there for the reader at once. One writer, one reader.
 */
export class RecordRing {
  readonly memory: SharedArrayBuffer
  /** Bytes ever written and read, modulo 2^32; and records that found no room. */
  readonly #positions: Int32Array
  readonly #bytes: Buffer
  readonly #size: number

  /** @param memory of another RecordRing, or how many bytes (a power of two) a new one holds */
  constructor(memory: SharedArrayBuffer | number) {
    this.memory = typeof memory === 'number' ? new SharedArrayBuffer(HEADER_BYTES + memory) : memory
    this.#size = this.memory.byteLength - HEADER_BYTES
    this.#positions = new Int32Array(this.memory, 0, 3)
    this.#bytes = Buffer.from(this.memory, HEADER_BYTES, this.#size)
  }

  /** Bytes that wait to be read. */
  get used(): number {
    return (Atomics.load(this.#positions, WRITTEN) - Atomics.load(this.#positions, READ)) >>> 0
  }

  get size(): number {
    return this.#size
  }

  /** Records that found no room. */
  get lost(): number {
    return Atomics.load(this.#positions, LOST) >>> 0
  }

  /** Adds a record; false when there is no room, and it is lost. */
  write(record: DnsQueryRecord): boolean {
    const text = encode(record)
    const length = Buffer.byteLength(text)
    const needed = 4 + ((length + 3) & ~3)
    const written = Atomics.load(this.#positions, WRITTEN)
    let at = (written >>> 0) % this.#size
    const skipped = at + needed > this.#size ? this.#size - at : 0
    if (this.used + skipped + needed > this.#size) {
      Atomics.add(this.#positions, LOST, 1)
      return false
    }
    if (skipped > 0) {
      this.#bytes.writeUInt32LE(WRAP, at)
      at = 0
    }
    this.#bytes.writeUInt32LE(length, at)
    this.#bytes.write(text, at + 4, length, 'utf8')
    Atomics.store(this.#positions, WRITTEN, (written + skipped + needed) | 0)
    return true
  }

  /** Takes every record that is there. */
  take(): DnsQueryRecord[] {
    const records: DnsQueryRecord[] = []
    const end = Atomics.load(this.#positions, WRITTEN)
    let read = Atomics.load(this.#positions, READ)
    while (read !== end) {
      const at = (read >>> 0) % this.#size
      const length = this.#bytes.readUInt32LE(at)
      if (length === WRAP) {
        read = (read + this.#size - at) | 0
        continue
      }
      records.push(decode(this.#bytes.toString('utf8', at + 4, at + 4 + length)))
      read = (read + 4 + ((length + 3) & ~3)) | 0
    }
    Atomics.store(this.#positions, READ, read)
    return records
  }
}

type Written = Omit<DnsQueryRecord, 'process'> & {
  process: { tgid: number; start: string } | null
}

/** JSON has no room for the 64 bits of a start time. */
function encode(record: DnsQueryRecord): string {
  const { process } = record
  const written: Written = {
    ...record,
    process: process && { tgid: process.tgid, start: String(process.start) },
  }
  return JSON.stringify(written)
}

function decode(text: string): DnsQueryRecord {
  const { process, ...record } = JSON.parse(text) as Written
  return { ...record, process: process && { tgid: process.tgid, start: BigInt(process.start) } }
}
