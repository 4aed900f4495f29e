/** Waits longer after each failure, by chance, so that many agents do not come back together. */
export class Pause {
  readonly #firstMs: number
  readonly #mostMs: number
  #failures = 0
  /** The other side asked not to be asked before, by performance.now(). */
  #notBefore = 0
  #end: (() => void) | undefined

  constructor({ firstMs, mostMs }: { firstMs: number; mostMs: number }) {
    this.#firstMs = firstMs
    this.#mostMs = mostMs
  }

  /** It went well. */
  reset(): void {
    this.#failures = 0
  }

  /** Whoever waits goes on at once. */
  end(): void {
    this.#end?.()
  }

  /** The same, but where the other side asked for the pause. */
  hurry(): void {
    if (performance.now() >= this.#notBefore) this.end()
  }

  /** @param atLeastMs as the other side asked for */
  async afterFailure(atLeastMs = 0): Promise<void> {
    const most = Math.min(this.#firstMs * 2 ** this.#failures++, this.#mostMs)
    this.#notBefore = performance.now() + atLeastMs
    await this.for(Math.max(most * (0.5 + Math.random() / 2), atLeastMs))
  }

  /** The process may end meanwhile. */
  for(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(() => this.end(), ms).unref()
      this.#end = () => {
        clearTimeout(timer)
        this.#end = undefined
        done()
      }
    })
  }
}
