import { kinds, record_header } from '../layout.ts'
import type { SensorRecord } from '../record.ts'
import type { Watch } from '../watch.ts'
import { Batch } from './batch.ts'
import { decodeConnect } from './connect.ts'
import { decodeFile } from './file.ts'
import { RealPaths } from './real-paths.ts'
import { decodeExec, decodeExit, decodeFork } from './process.ts'
import { decodeSandbox } from './sandbox.ts'
import { StepDecoder } from './step.ts'

/** A batch's own header before each record: its length and the ring it came from. */
const ENVELOPE = 8

/** Turns whole batches of the rings into typed records. */
export class Decoder {
  readonly #watch: Watch
  #batch: Batch | undefined
  readonly #steps = new StepDecoder()
  readonly #paths = new RealPaths()
  /** Acts on files of which neither what was seen nor the name tells whether they matter. */
  unseen = 0

  constructor(watch: Watch) {
    this.#watch = watch
  }

  /**
   * @param buffer records one after the other, as RingReader gives them
   * @param bytes how much of it is filled
   * @returns the records, without those that turned out not to matter
   */
  decode(buffer: Buffer, bytes: number): SensorRecord[] {
    let batch = this.#batch
    if (!batch || batch.buffer !== buffer) batch = this.#batch = new Batch(buffer)
    const records: SensorRecord[] = []
    this.#paths.forget()
    const { u16, u32 } = batch
    for (let at = 0; at < bytes;) {
      const length = u32[at >>> 2] as number
      const begin = at + ENVELOPE
      const kind = u16[begin >>> 1] as number
      const record = this.#decodeOne(batch, begin, kind)
      if (record === 'unseen') this.unseen++
      else if (record) records.push(record)
      at = begin + ((length + 7) & ~7)
    }
    return records
  }

  #decodeOne(batch: Batch, at: number, kind: number): SensorRecord | 'unseen' | undefined {
    switch (kind) {
      case kinds.step:
        return this.#steps.decode(batch, at)
      case kinds.exec:
        return decodeExec(batch, at)
      case kinds.fork:
        return decodeFork(batch, at)
      case kinds.exit:
        return decodeExit(batch, at)
      case kinds.file:
        return decodeFile(batch, at, this.#watch, this.#paths)
      case kinds.sandbox:
        return decodeSandbox(batch, at)
      case kinds.connect:
        return {
          kind: 'connect',
          time: batch.wide(at + record_header.time),
          tgid: batch.u32[(at + record_header.tgid) >>> 2] as number,
          start: batch.wide(at + record_header.start),
          execId: batch.identity(at + record_header.tgid, at + record_header.start),
          uid: batch.u32[(at + record_header.uid) >>> 2] as number,
          ...decodeConnect(batch.buffer, at),
        }
      default:
        // A newer object's kind: nothing that this decoder could tell.
        return undefined
    }
  }
}
