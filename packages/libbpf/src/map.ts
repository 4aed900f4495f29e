import { type Handle, type MapInfo, native } from './native.ts'

/** Entries that one system call of an iteration asks for. */
const BATCH = 1024

const handles = new WeakMap<BpfMap, Handle<'map'>>()

/** Entries one after the other, as setBatch and deleteBatch take them. */
export interface MapEntries {
  readonly keys: Buffer
  readonly values: Buffer
  readonly count: number
}

/** The handle behind a map, for the other files of this package. */
export function handleOf(map: BpfMap): Handle<'map'> {
  const handle = handles.get(map)
  if (!handle) throw new TypeError('not a BpfMap')
  return handle
}

/**
 * A BPF map. Keys and values are bytes as the kernel keeps them: `keySize` and `valueSize` long.
 * For per-CPU maps a value is all CPUs' values one after the other, each rounded up to 8 bytes.
 * Every method throws BpfError (step `map`); BPF_CLOSED after close().
 */
export class BpfMap {
  readonly #handle: Handle<'map'>
  readonly #info: MapInfo

  /** @internal see openMapById, openPinnedMap and BpfObject.map */
  constructor(handle: Handle<'map'>) {
    this.#handle = handle
    this.#info = native().mapInfo(handle)
    handles.set(this, handle)
  }

  /** Unique on this machine while the map lives; how another thread opens the same map. */
  get id(): number {
    return this.#info.id
  }
  /** At most 15 characters: the kernel cuts longer names. */
  get name(): string {
    return this.#info.name
  }
  get keySize(): number {
    return this.#info.keySize
  }
  get valueSize(): number {
    return this.#info.valueSize
  }
  get maxEntries(): number {
    return this.#info.maxEntries
  }

  /** The value, or undefined when there is no such key. */
  get(key: Uint8Array): Buffer | undefined {
    return native().mapGet(this.#handle, key)
  }

  /** @param flags BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2 */
  set(key: Uint8Array, value: Uint8Array, flags = 0): void {
    native().mapSet(this.#handle, key, value, flags)
  }

  /** Whether it was there. */
  delete(key: Uint8Array): boolean {
    return native().mapDelete(this.#handle, key)
  }

  /**
   * Writes `count` entries in one system call where the kernel has it. `keys` and `values` are
   * the entries one after the other. On an error, entries before the refused one are written.
   */
  setBatch(keys: Uint8Array, values: Uint8Array, count: number): void {
    native().mapSetBatch(this.#handle, keys, values, count)
  }

  /** Deletes `count` keys; those that are not there are passed over. Returns how many were. */
  deleteBatch(keys: Uint8Array, count: number): number {
    return native().mapDeleteBatch(this.#handle, keys, count)
  }

  /** Deletes every entry of a hash map or a trie. */
  clear(): void {
    for (const { keys, count } of this.batches()) this.deleteBatch(keys, count)
  }

  /**
   * Every entry, key and value; each is the caller's own copy. Entries that come or go meanwhile
   * may or may not be seen.
   */
  entries(): Generator<[key: Buffer, value: Buffer], void, void> {
    return this.#each(this.batches())
  }

  /** Every entry, deleted as it is read (a hash map of a kernel with batches: 5.6). */
  take(): Generator<[key: Buffer, value: Buffer], void, void> {
    return this.#each(this.#read(true))
  }

  /** Every entry, many at a time: for maps that may hold thousands. */
  batches(): Generator<MapEntries, void, void> {
    return this.#read(false)
  }

  /**
   * Of an array that can be mapped into memory (BPF_F_MMAPABLE): the entries whose values do not begin with 8 zero bytes,
   * without a look at the others by the kernel. Entries that come or go meanwhile may or may not be seen.
   */
  used(): MapEntries {
    return native().mapUsed(this.#handle)
  }

  *#each(batches: Iterable<MapEntries>): Generator<[key: Buffer, value: Buffer], void, void> {
    const { keySize, slot } = this.#info
    for (const { keys, values, count } of batches)
      for (let i = 0; i < count; i++)
        yield [
          keys.subarray(i * keySize, (i + 1) * keySize),
          values.subarray(i * slot, (i + 1) * slot),
        ]
  }

  *#read(take: boolean): Generator<MapEntries, void, void> {
    const { keySize, slot, maxEntries } = this.#info
    let cursor: Buffer | undefined
    let count = Math.min(BATCH, maxEntries)
    do {
      let batch
      try {
        batch = native().mapBatch(this.#handle, cursor, count, take)
      } catch (error) {
        // One bucket of the hash holds more than was asked for.
        if (!isBatchSpace(error) || count >= maxEntries) throw error
        count = Math.min(count * 4, maxEntries)
        continue
      }
      if (!batch) {
        yield* this.#walk(take)
        return
      }
      const { keys, values, count: found } = batch
      yield {
        keys: keys.subarray(0, found * keySize),
        values: values.subarray(0, found * slot),
        count: found,
      }
      cursor = batch.cursor
      if (!cursor) return
    } while (true)
  }

  /** Key by key: for types of maps that have no batches. */
  *#walk(take: boolean): Generator<MapEntries, void, void> {
    let key = native().mapNextKey(this.#handle, undefined)
    // A key that was deleted meanwhile starts the walk anew: bounded, not endless.
    for (let steps = 0; key && steps < this.#info.maxEntries * 2; steps++) {
      const next = native().mapNextKey(this.#handle, key)
      const value = this.get(key)
      if (take) this.delete(key)
      if (value) yield { keys: key, values: value, count: 1 }
      key = next
    }
  }

  /** Gives the map a name in a bpffs, under which it outlives this process. */
  pin(path: string): void {
    native().pin(this.#handle, path)
  }

  close(): void {
    native().close(this.#handle)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function isBatchSpace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'BPF_BATCH_SPACE'
}

/** Opens a map that lives already, e.g. another thread's. Needs CAP_SYS_ADMIN. */
export function openMapById(id: number): BpfMap {
  return new BpfMap(native().openMapId(id))
}

/** Opens a map by its name in a bpffs. */
export function openPinnedMap(path: string): BpfMap {
  return new BpfMap(native().openMapPin(path))
}
