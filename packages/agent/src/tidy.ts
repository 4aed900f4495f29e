import { dropFilePages } from '@runwarden/libbpf'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Records in a second that are a storm's, or a busy job's. */
const busy = 200
/** A job that is over by then needs no memory given back, and its first seconds are those in which it waits for nothing. */
const startSeconds = 4
/** A heap that has grown by less is left alone, bytes. */
const worthIt = 4 << 20

const slowGrowth = '--heap-growing-percent=20'
const fastGrowth = '--heap-growing-percent=100'

const flags = [
  slowGrowth,
  '--optimize-for-size',
  '--expose-gc',
  // V8 collects garbage in each thread once it is quiet, and again when that was worth it: the second time hardly anything is.
  '--memory-reducer-gc-count=1',
]

/**
 * Gives back the memory that a start or a storm took: V8 keeps garbage until more comes, and where nothing does that is
 * for ever. Only in quiet seconds, since it takes some tens of milliseconds.
 */
export class Tidy {
  #collect: (() => void) | undefined
  #seconds = 0
  #kept = 0
  #handled = 0
  /** There was a busy second since the last time that memory was given back. The start is one: most pages of node's file were for that only. */
  #used = true

  /**
   * Once a second.
   * @param handled records handled so far
   */
  tick(handled: number): void {
    const quiet = handled - this.#handled < busy
    this.#handled = handled
    if (++this.#seconds < startSeconds) return
    this.#collect ??= saveMemory()
    if (!quiet) {
      this.#used = true
      return
    }
    const grown = getHeapStatistics().used_heap_size > this.#kept + worthIt
    if (!grown && !this.#used) return
    if (grown) this.#collect()
    this.#used = false
    dropFilePages()
    this.#kept = getHeapStatistics().used_heap_size
  }
}

/** Heaps grow slowly. */
let saving = false

/**
 * Does work that makes many objects at once, as a reload: meanwhile heaps may grow to twice of what is in use, since else a
 * third of the work's time is the collection of what it still needs. The next quiet second gives the memory back.
 */
export async function withRoom<T>(work: () => Promise<T>): Promise<T> {
  if (!saving) return await work()
  setFlagsFromString(fastGrowth)
  try {
    return await work()
  } finally {
    setFlagsFromString(slowGrowth)
  }
}

/**
 * From here on heaps grow slowly, those of other threads too. Not at the start of node, which has its own JavaScript
 * compiled for its default flags: with others each start, and that of each thread, compiles it anew.
 * @returns what collects garbage at once
 */
function saveMemory(): () => void {
  for (const flag of flags) setFlagsFromString(flag)
  saving = true
  return runInNewContext('gc') as () => void
}
