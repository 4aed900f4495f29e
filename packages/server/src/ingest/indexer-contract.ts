/** There is more to index, or jobs to remove; or: end. */
export type IndexerAsk = 'wake' | 'end'

export type IndexerTold =
  /** Up to this segment (its number) all was indexed before. */
  | { kind: 'ready'; position: number }
  /** Up to this segment (its number). */
  | { kind: 'indexed'; position: number }
  | { kind: 'removed'; jobIds: string[] }
  /** Why, and what it does. */
  | { kind: 'failed'; message: string }
