/** There is more to index, or jobs to remove; or: end. */
export type IndexerAsk = 'wake' | 'end'

export type IndexerTold =
  | { kind: 'ready' }
  /** Up to this segment (its number). */
  | { kind: 'indexed'; position: number }
  | { kind: 'removed'; jobIds: string[] }
  /** It tries again. */
  | { kind: 'failed'; message: string }
