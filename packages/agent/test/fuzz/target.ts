/** One decoder under attack. */
export interface Target {
  name: string
  /** Whole inputs that it takes, to begin with. */
  seeds: () => Buffer[] | Promise<Buffer[]>
  /** Pieces that mean something to it, put into inputs. */
  words?: readonly string[]
  /**
   * Runs an input and checks all that must hold for any. Throws when something does not.
   * @returns what the input made happen, coarsely: an input with another answer is worth keeping
   */
  run: (input: Buffer) => string
}

/** Fails with a message. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`does not hold: ${what}`)
}

/** A number's order of magnitude, for answers of `run`. */
export function order(count: number): number {
  return count === 0 ? 0 : Math.floor(Math.log2(count)) + 1
}
