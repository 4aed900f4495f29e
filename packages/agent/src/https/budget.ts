import { MAX_HELD } from './limits.ts'
import { Undecodable } from './undecodable.ts'

/** Bytes that all connections together may hold. */
export class Budget {
  private left: number

  constructor(bytes = MAX_HELD) {
    this.left = bytes
  }

  get free(): number {
    return this.left
  }

  /** Takes bytes, or gives them back where negative. @throws Undecodable when there are not as many left */
  take(bytes: number): void {
    if (bytes > this.left) throw new Undecodable('limits', 'too much is held already')
    this.left -= bytes
  }
}

/** What one holder has of a budget. */
export class Share {
  private readonly budget: Budget
  private held = 0

  constructor(budget: Budget) {
    this.budget = budget
  }

  /** Holds so many bytes from here on. @throws Undecodable when there are not as many left */
  hold(bytes: number): void {
    this.budget.take(bytes - this.held)
    this.held = bytes
  }
}
