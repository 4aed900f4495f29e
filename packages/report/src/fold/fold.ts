import { Seen } from './seen.ts'

/**
 * Entries by key, in order of their first event, at most `limit` of each class. Classes (verdicts,
 * severities) have their own room, so that a flood of one never pushes out another.
 */
export class Fold<T> {
  readonly #entries = new Map<string, T>()
  readonly #used = new Map<string, number>()
  readonly #left = new Seen()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The entry of `key`, made if there is room; undefined: the list is full, and the entry counted as left out. */
  entry(key: string, kind: string, make: () => T): T | undefined {
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const used = this.#used.get(kind) ?? 0
    if (used >= this.#limit) {
      this.#left.add(key)
      return undefined
    }
    this.#used.set(kind, used + 1)
    const made = make()
    this.#entries.set(key, made)
    return made
  }

  values(): T[] {
    return [...this.#entries.values()]
  }

  /** Different entries left out, about. */
  get left(): number {
    return this.#left.count
  }
}
