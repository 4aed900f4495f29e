import type { Change, Held } from './change.ts'
import type { Writer } from './program.ts'

/** What is known of one file of the workspace. */
export interface Entry {
  /** Null: it was there before the run. */
  writer: Writer | null
  /** SHA-256 of what its writer wrote, hexadecimal; null: not known. */
  digest: string | null
  /** The file's ctime then, and when it had been read: milliseconds since the epoch. */
  changedMs: number
  readMs: number
  change: Change | undefined
  /** Somebody else has taken it away: the path is remembered, for what comes in its place. */
  gone: boolean
  /** To be read. */
  waits: boolean
}

/** Files that are remembered: beyond, the longest known are forgotten, and counted. */
const mostFiles = 100_000
/** ctime is that of the kernel's last tick: so much earlier than the act at most. */
const tickMs = 10

/** The workspace's files by path. */
export class Files {
  readonly #entries = new Map<string, Entry>()
  forgotten = 0

  get(path: string): Entry | undefined {
    return this.#entries.get(path)
  }

  add(path: string, writer: Writer | null): Entry {
    const entry: Entry = {
      writer,
      digest: null,
      changedMs: 0,
      readMs: 0,
      change: undefined,
      gone: false,
      waits: false,
    }
    this.#keep(path, entry)
    return entry
  }

  delete(path: string): void {
    this.#entries.delete(path)
  }

  /** A file has another name: it is its writer's still. What is known of the old name stays with it. */
  move(path: string, to: string): void {
    const entry = this.#entries.get(path)
    if (entry !== undefined) this.#keep(to, { ...entry, change: undefined, gone: false })
  }

  /** A file has another name beside the one that it has. */
  link(path: string, entry: Entry): void {
    this.#keep(path, entry)
  }

  /** Its writer has written it: what it holds is not known. */
  rewritten(entry: Entry): void {
    entry.digest = null
  }

  remember(
    entry: Entry,
    { digest, changedMs, readMs }: Pick<Entry, 'changedMs' | 'readMs'> & { digest: string },
  ): void {
    Object.assign(entry, { digest, changedMs, readMs })
  }

  /** What the file held at a time, when somebody else came; null: what was read may be theirs already. */
  heldAt({ digest, changedMs, readMs }: Entry, time: number): Held | null {
    if (digest === null || (readMs > time && changedMs + tickMs > time)) return null
    return { digest, changedMs }
  }

  #keep(path: string, entry: Entry): void {
    this.#entries.set(path, entry)
    if (this.#entries.size <= mostFiles) return
    const oldest = this.#entries.keys().next()
    if (oldest.done !== true) this.#entries.delete(oldest.value)
    this.forgotten++
  }
}
