/** Expires items a fixed time after they were added; one timer for all of them. */
export class Deadlines<T> {
  readonly #items = new Map<T, number>()
  readonly #after: number
  readonly #expire: (item: T) => void
  #timer: NodeJS.Timeout | null = null

  constructor(afterMs: number, expire: (item: T) => void) {
    this.#after = afterMs
    this.#expire = expire
  }

  add(item: T): void {
    this.#items.set(item, performance.now() + this.#after)
    this.#timer ??= this.#arm(this.#after)
  }

  delete(item: T): void {
    this.#items.delete(item)
  }

  /** What has not expired, the oldest first. */
  items(): T[] {
    return [...this.#items.keys()]
  }

  close(): void {
    this.#items.clear()
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #arm(ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#run()
    }, ms)
    timer.unref()
    return timer
  }

  #run(): void {
    this.#timer = null
    const now = performance.now()
    // Insertion order is order of expiry, as the time is the same for all.
    for (const [item, due] of this.#items) {
      if (due > now) {
        this.#timer = this.#arm(due - now + 1)
        return
      }
      this.#items.delete(item)
      this.#expire(item)
    }
  }
}
