import { type BpfMap, handleOf } from './map.ts'
import { type Handle, native } from './native.ts'

export interface RingReaderOptions {
  /** Ring buffers (BPF_MAP_TYPE_RINGBUF), at most 16. A ring has one reader at a time. */
  maps: readonly BpfMap[]
  /** Size of the one buffer that batches come in; it grows when a single record needs more. */
  bufferBytes: number
  /**
   * Byte of a u64 in each record (a multiple of 8), by which records of all rings come in order: a time stamp that its
   * producer took before it reserved the record. What came before an act in time, as anybody could have seen it, is
   * delivered before it, whatever the rings; within a batch all stamps ascend. Only when the first ring is about to
   * overflow it is read out of turn, and it is the only one that wakes. Without: one ring after the other.
   */
  timeAt?: number
  /** Deliver when the kernel wakes, one batch each time the event loop comes round; else only drain() delivers. */
  wake: boolean
  /**
   * `count` records in the first `bytes` of `buffer`, which is the reader's again when this
   * returns. Each record is u32 length, u32 index into `maps`, then the payload, padded to 8
   * bytes. What it throws comes out of drain(), or as an uncaught exception behind a wake-up;
   * that batch counts as delivered, later records stay in the rings.
   */
  onBatch(buffer: Buffer, bytes: number, count: number): void
}

/**
 * Delivers the records of ring buffers in batches: each record once, in the order of its ring.
 * A reader that wakes keeps the event loop alive and lives until close().
 */
export class RingReader {
  readonly #handle: Handle<'ring'>

  constructor(options: RingReaderOptions) {
    this.#handle = native().ringNew(
      options.maps.map(handleOf),
      options.bufferBytes,
      options.wake,
      options.onBatch,
      options.timeAt,
    )
  }

  /**
   * Delivers what is in the rings now, and returns how many records that were. What comes meanwhile is for the next
   * call, so that a flood cannot hold the thread.
   */
  drain(): number {
    return native().ringDrain(this.#handle)
  }

  /** Delivers one batch of it. A reader that wakes delivers the others later, one each time the event loop comes round. */
  look(): number {
    return native().ringLook(this.#handle)
  }

  ref(): void {
    native().ringRef(this.#handle, true)
  }

  unref(): void {
    native().ringRef(this.#handle, false)
  }

  /** Ends the delivery; what is still in the rings stays there. */
  close(): void {
    native().close(this.#handle)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
