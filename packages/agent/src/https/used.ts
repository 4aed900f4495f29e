/** What is in a list of `Used`. */
export interface Use<T> {
  readonly of: T
  /** Used just before it, and just after it. */
  before: Use<T> | null
  after: Use<T> | null
}

/** Things in the order in which they were used last. To use one again costs no memory. */
export class Used<T> {
  /** Null: there is none. */
  oldest: Use<T> | null = null
  size = 0
  private newest: Use<T> | null = null

  add(of: T): Use<T> {
    const use: Use<T> = { of, before: null, after: null }
    this.size++
    this.append(use)
    return use
  }

  /** It is the newest from here on. */
  use(use: Use<T>): void {
    if (use === this.newest) return
    this.unlink(use)
    this.append(use)
  }

  /** Once, of one that is in it. */
  remove(use: Use<T>): void {
    this.size--
    this.unlink(use)
  }

  private append(use: Use<T>): void {
    use.before = this.newest
    use.after = null
    if (this.newest === null) this.oldest = use
    else this.newest.after = use
    this.newest = use
  }

  private unlink({ before, after }: Use<T>): void {
    if (before === null) this.oldest = after
    else before.after = after
    if (after === null) this.newest = before
    else after.before = before
  }
}
