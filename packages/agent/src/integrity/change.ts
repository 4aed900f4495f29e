import type { EventOf } from '@runwarden/events'
import type { Content } from './contract.ts'
import type { Relation, Writer } from './program.ts'

/** How content comes to a path, or goes. */
export type Way = 'write' | 'replace' | 'link' | 'remove'

export type FileEvent =
  | EventOf<'file.create'>
  | EventOf<'file.write'>
  | EventOf<'file.delete'>
  | EventOf<'file.rename'>

/** Who did the last act on a file, and when. */
export interface Last {
  event: FileEvent
  actor: Writer
  relation: Relation
}

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
  /** Programs that opened the file for reading while somebody had it open for writing, by their last names. */
  readonly readers: Set<string>
  /** One of them came since it was told last that the file was put back. */
  readSince: boolean
  /** The file's ctime when it held what it held last; milliseconds since the epoch. */
  changedMs: number
  /** Who did the last act. */
  last: Last | undefined
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
/** Whoever wants to hide a compiler among readers needs as many programs. */
const mostReaders = 256

export function newChange(since: number, before: Held | null): Change {
  return {
    since,
    held: before === null ? [] : [before.digest],
    puts: 0,
    putSince: since,
    seenMs: Number.NEGATIVE_INFINITY,
    fresh: 0,
    acts: 0,
    seqs: [],
    ways: new Set(),
    programs: new Set(),
    readers: new Set(),
    readSince: false,
    changedMs: before?.changedMs ?? Infinity,
    last: undefined,
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

/** What a file held, and its ctime then. */
export interface Held {
  readonly digest: string
  readonly changedMs: number
}

/** Somebody reads it while it is open for writing. */
export function read(change: Change, program: string): void {
  change.readSince = true
  if (program !== '' && change.readers.size < mostReaders) change.readers.add(program)
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

/** Whether a look at the file finds something else than the last one did, or that it was written to while others read it. */
export function isNews(change: Change, { digest, changedMs }: Content): boolean {
  return digest !== null && (digest !== change.held.at(-1) || wasRewritten(change, changedMs))
}

function wasRewritten(change: Change, changedMs: number): boolean {
  return change.readSince && changedMs > change.changedMs
}

/**
 * What it has come to, now that the file was looked at. Two acts in a row that leave what was there before are a restore,
 * too, and so is a file that was written to while others read it, and holds the same: what was there meanwhile nobody
 * will know.
 */
export function settle(change: Change, { digest, changedMs, readMs }: Content): State {
  change.fresh = 0
  if (digest === null) return 'unknown'
  const last = change.held.at(-1)
  const rewritten = wasRewritten(change, changedMs)
  change.changedMs = changedMs
  if (rewritten || digest !== last) change.readSince = false
  if (digest === last) return rewritten || change.puts > 1 ? 'restored' : 'unchanged'
  change.puts = 0
  change.seenMs = readMs
  const known = change.held.includes(digest)
  change.held.push(digest)
  if (change.held.length > mostHeld) change.held.splice(1, 1)
  if (last === undefined) return 'unknown'
  return known ? 'restored' : 'changed'
}
