import type { Share } from '../budget.ts'
import { MAX_TABLE } from '../limits.ts'
import { Undecodable } from '../undecodable.ts'

/** A header field as far as it is kept. */
export interface Field {
  /** Empty where it is too long to be one that is looked at. */
  readonly name: string
  /** What `keptValue` keeps. */
  readonly value: string
  /** Of the name as it was sent. */
  readonly nameLength: number
}

interface Entry extends Field {
  /** As RFC 7541 §4.1 counts: also for what is not kept. */
  readonly size: number
}

/** Evicted places at the front of the list before it is made shorter. */
const SLACK = 256

/** The dynamic table of one direction (RFC 7541 §2.3.2, §4). */
export class DynamicTable {
  /** Oldest first; entries before `first` are evicted. */
  private entries: (Entry | undefined)[] = []
  private first = 0
  private size = 0
  private capacity = 4096
  private readonly share: Share

  constructor(share: Share) {
    this.share = share
  }

  get length(): number {
    return this.entries.length - this.first
  }

  /** The entry of a dynamic index, 0 the newest. */
  get(index: number): Entry | undefined {
    return index < this.length ? this.entries[this.entries.length - 1 - index] : undefined
  }

  /** @throws Undecodable beyond `MAX_TABLE` */
  resize(capacity: number): void {
    if (capacity > MAX_TABLE)
      throw new Undecodable('limits', 'a larger HPACK table than is followed')
    this.capacity = capacity
    this.evict()
    this.share.hold(this.size)
  }

  add(field: Field, valueLength: number): void {
    const size = field.nameLength + valueLength + 32
    this.entries.push({ ...field, size })
    this.size += size
    this.evict()
    this.share.hold(this.size)
  }

  private evict(): void {
    while (this.size > this.capacity) {
      this.size -= this.entries[this.first]?.size ?? 0
      this.entries[this.first++] = undefined
    }
    if (this.first <= SLACK || this.first * 2 < this.entries.length) return
    this.entries = this.entries.slice(this.first)
    this.first = 0
  }
}
