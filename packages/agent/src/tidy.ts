import { dropFilePages } from '@runwarden/libbpf'
import { getHeapStatistics } from 'node:v8'

/** Records in a second that are a storm's, or a busy job's. */
const busy = 200
/** A heap that has grown by less is left alone, bytes. */
const worthIt = 8 << 20

/**
 * Gives back the memory that a start or a storm took: V8 keeps garbage until more comes, and where nothing does that is
 * for ever. Only in quiet seconds, since it takes some tens of milliseconds.
 */
export class Tidy {
  #kept = 0
  #handled = 0

  /**
   * Once a second.
   * @param handled records handled so far
   */
  tick(handled: number): void {
    const quiet = handled - this.#handled < busy
    this.#handled = handled
    if (this.#kept === 0) {
      // Most pages of node's file were for the start only.
      dropFilePages()
      this.#kept = getHeapStatistics().used_heap_size
    } else if (quiet && getHeapStatistics().used_heap_size > this.#kept + worthIt) {
      // Both starters of the command expose it.
      globalThis.gc?.()
      dropFilePages()
      this.#kept = getHeapStatistics().used_heap_size
    }
  }
}
