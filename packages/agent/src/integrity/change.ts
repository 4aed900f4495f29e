import type { Content } from './contract.ts'

/** How content comes to a path, or goes. */
export type Way = 'write' | 'replace' | 'link' | 'remove'

/** What others than its writer have done to a file since it was left alone. */
export interface Change {
  /** When it began, as events have their time. */
  readonly since: number
  /** What it held, the oldest first, as far as it was seen. */
  readonly held: string[]
  /** Acts that put content there and left what was there before, as far as was seen: within `seriesMs` of each other. */
  puts: number
  /** When the first of these was. */
  putSince: number
  /** When other content than before had been read: acts until then are in it, also those that are told later. */
  seenMs: number
  /** Acts since it was looked at last. */
  fresh: number
  /** All acts. */
  acts: number
  /** `seq` of the first ones. */
  readonly seqs: number[]
  readonly ways: Set<Way>
  readonly programs: Set<string>
  alongside: readonly string[] | undefined
  told: number
}

export type State = 'changed' | 'restored' | 'unchanged' | 'unknown'

/** Contents of one file that are told apart. */
const mostHeld = 16
const mostSeqs = 16
/** What is there for longer is seen when the file is looked at. */
const seriesMs = 1_000
const mostPrograms = 8

export function newChange(since: number, before: string | null): Change {
  return {
    since,
    held: before === null ? [] : [before],
    puts: 0,
    putSince: since,
    seenMs: Number.NEGATIVE_INFINITY,
    fresh: 0,
    acts: 0,
    seqs: [],
    ways: new Set(),
    programs: new Set(),
    alongside: undefined,
    told: 0,
  }
}

/** An act of somebody else. */
export interface Act {
  seq: number
  /** As events have their time. */
  time: number
  way: Way
  program: string
}

/** One more act of somebody else. */
export function act(change: Change, { seq, time, way, program }: Act): void {
  change.acts++
  change.fresh++
  // Taking a file away puts nothing there.
  if (way !== 'remove' && time > change.seenMs) {
    if (time - change.putSince > seriesMs) {
      change.puts = 0
      change.putSince = time
    }
    change.puts++
  }
  change.ways.add(way)
  if (change.seqs.length < mostSeqs) change.seqs.push(seq)
  if (change.programs.size < mostPrograms) change.programs.add(program)
}

/**
 * What it has come to, now that the file was looked at. Two acts in a row that leave what was there before are a restore,
 * too: what was there meanwhile nobody will know.
 */
export function settle(change: Change, { digest, readMs }: Content): State {
  change.fresh = 0
  if (digest === null) return 'unknown'
  const last = change.held.at(-1)
  if (digest === last) return change.puts > 1 ? 'restored' : 'unchanged'
  change.puts = 0
  change.seenMs = readMs
  const known = change.held.includes(digest)
  change.held.push(digest)
  if (change.held.length > mostHeld) change.held.splice(1, 1)
  if (last === undefined) return 'unknown'
  return known ? 'restored' : 'changed'
}
