/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { closeSync } from 'node:fs'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { threadEnvironment } from '../thread-environment.ts'
import type { ProgramAsk, ToHasher, ToRead, Unread, WasRead } from './contract.ts'
import { judge } from './judge.ts'
import { openProgram } from './open.ts'
import { Readings } from './readings.ts'
import { SmallReadings } from './small-readings.ts'

export interface Hashed {
  sha256: string | null
  size: number | null
  unread: Unread
}

/** A program that was started. */
export interface Started {
  ask: ProgramAsk
  /** Whether the process was this program still at a time, milliseconds since the epoch: nobody could write to its file by then. */
  ran: (at: number) => boolean
}

type Take = (hashed: Hashed) => void

interface Asked {
  started: Started
  /** Another process of the same program, which may be there when this one is gone. */
  next: Started | undefined
  takes: Take[]
}

/** Programs whose hash is kept. */
const mostKept = 16_384
/** Programs that wait to be read: beyond, they are not. */
const mostAsked = 1024
/** What is read at once, and from then on: a job makes programs as many and as large as it likes. */
const burstBytes = 4 * 2 ** 30
const bytesPerMs = (32 << 20) / 1000
const youngMb = 2
/** A job that is over before needs no thread: to begin costs 50 ms of a processor. */
const startMs = 25
/**
 * Larger files are read by the thread, and all when the small ones were so many: beginning it, which costs what hashing some 40 MB does, is
 * worth it then. A compiler is small.
 */
const smallBytes = 48 << 20
const allSmallBytes = 96 << 20

/**
 * Hashes the files of programs, each once for as long as this process lives, whichever job starts it. It is opened at once, before its
 * process ends, and read in a thread of its own, but for the first small ones: in the one that reads changed files it made those reads so late, on a busy machine, that
 * what was swapped and put back was not found. Whoever asks never waits for that.
 */
export class ProgramHasher {
  readonly #kept = new Map<string, Hashed>()
  readonly #asked = new Map<string, Asked>()
  /** Files that are open, by their number. */
  readonly #files = new Map<number, { key: string; file: ToRead; isSmall: boolean }>()
  /** Until the thread has begun. */
  #queue: ToRead[] = []
  readonly #small = new SmallReadings((reply) => this.#replied(reply))
  /** Of files that were given to it, in all. */
  #smallBytes = 0
  #starting: NodeJS.Timeout | undefined
  #worker: Worker | undefined
  #online = false
  #failure: string | undefined
  #number = 0
  /** Ends of jobs that wait. */
  #hurries = 0
  #room = burstBytes
  #filledMs = performance.now()

  /** Why nothing is hashed any more; undefined: it is. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** What is known of a program without reading it. */
  known(key: string): Hashed | undefined {
    return this.#kept.get(key)
  }

  /**
   * @param key of what the file holds: of those with the same one is read
   * @param take is called once, now or later
   */
  hash(key: string, started: Started, take: Take): void {
    const waits = this.#asked.get(key)
    if (waits !== undefined) {
      waits.takes.push(take)
      waits.next = started
    } else if (this.#failure !== undefined) {
      take(unread('unreadable'))
    } else if (this.#asked.size >= mostAsked || !this.#hasRoom()) {
      take(unread('budget'))
    } else {
      this.#asked.set(key, { started, next: undefined, takes: [take] })
      this.#post(key, started)
    }
  }

  #hasRoom(): boolean {
    const now = performance.now()
    this.#room = Math.min(burstBytes, this.#room + (now - this.#filledMs) * bytesPerMs)
    this.#filledMs = now
    return this.#room > 0
  }

  /**
   * Reads what waits for the thread to begin, on this one: for the end of a job that was over before that.
   * @param untilMs as performance.now() tells it
   */
  readNow(untilMs: number): void {
    const readings = new Readings((reply) => this.#replied(reply))
    while (performance.now() < untilMs) {
      // What has failed is asked for again.
      for (const file of this.#queue.splice(0)) readings.add(file)
      if (!readings.busy) break
      readings.step()
    }
    this.#queue.unshift(...readings.giveUp())
  }

  /** The end of a job waits for what is being read, until the answer is called. */
  hurry(): () => void {
    if (this.#hurries++ === 0) this.#tell('hurry')
    return () => {
      if (--this.#hurries === 0) this.#tell('calm')
    }
  }

  #post(key: string, { ask }: Started): void {
    if (this.#failure !== undefined) return this.#found(key, unread('unreadable'))
    const open = openProgram(ask)
    if (typeof open === 'string') return this.#found(key, unread(open))
    const { fd, stat, ranAt } = open
    const { pid, young } = ask
    const number = ++this.#number
    const file = { number, fd, size: Number(stat.size), ctimeNs: stat.ctimeNs, ranAt, pid, young }
    const isSmall = this.#isSmall(file)
    this.#files.set(number, { key, file, isSmall })
    if (isSmall) {
      this.#smallBytes += file.size
      return this.#small.add(file)
    }
    if (this.#online) this.#tell(file)
    else this.#queue.push(file)
    this.#starting ??= setTimeout(() => this.#start(), startMs).unref()
  }

  #isSmall({ size }: ToRead): boolean {
    const isWorth = this.#worker === undefined && this.#smallBytes + size <= allSmallBytes
    return isWorth && size <= smallBytes
  }

  #tell(message: ToHasher): void {
    if (this.#online) this.#worker?.postMessage(message)
  }

  #start(): void {
    clearTimeout(this.#starting)
    if (this.#failure === undefined) this.#worker ??= this.#begin()
  }

  #begin(): Worker {
    const own = new URL(import.meta.url)
    const worker = new Worker(new URL(`./worker${extname(own.pathname)}`, own), {
      name: 'runwarden-programs',
      env: threadEnvironment(),
      // The binding opens files, too: node would take them for somebody else's.
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
    })
    worker.on('online', () => {
      this.#online = true
      for (const file of this.#queue.splice(0)) this.#tell(file)
      if (this.#hurries > 0) this.#tell('hurry')
    })
    worker.on('message', (reply: WasRead) => this.#replied(reply))
    let reason = 'its thread ended'
    worker.on('error', (error) => {
      reason = error.message
    })
    worker.on('exit', () => {
      this.#failure = reason
      this.#queue = []
      for (const [number, { key, file, isSmall }] of this.#files) {
        if (isSmall) continue
        this.#files.delete(number)
        closeSync(file.fd)
        this.#found(key, unread('unreadable'))
      }
    })
    worker.unref()
    return worker
  }

  #replied(read: WasRead): void {
    const found = this.#files.get(read.number)
    if (found === undefined) return
    const { key, file } = found
    this.#files.delete(read.number)
    const { sha256, unread: why, ranAt } = judge(file, read)
    closeSync(file.fd)
    if (sha256 !== null) this.#room -= file.size
    const wasWritten =
      sha256 !== null && ranAt !== null && !this.#asked.get(key)?.started.ran(ranAt)
    this.#found(key, wasWritten ? unread('changed') : { sha256, size: file.size, unread: why })
  }

  #found(key: string, hashed: Hashed): void {
    const asked = this.#asked.get(key)
    if (asked === undefined) return
    if (hashed.sha256 === null && asked.next !== undefined) {
      const { next, takes } = asked
      this.#asked.set(key, { started: next, next: undefined, takes })
      return this.#post(key, next)
    }
    this.#asked.delete(key)
    // What failed may be there when it is started again.
    const isKnown = hashed.sha256 !== null || hashed.unread === 'large'
    if (isKnown && !asked.started.ask.young) this.#keep(key, hashed)
    for (const take of asked.takes) take(hashed)
  }

  #keep(key: string, hashed: Hashed): void {
    this.#kept.set(key, hashed)
    if (this.#kept.size <= mostKept) return
    const oldest = this.#kept.keys().next()
    if (oldest.done !== true) this.#kept.delete(oldest.value)
  }
}

function unread(why: Unread): Hashed {
  return { sha256: null, size: null, unread: why }
}

/** Of this process: what one job has started is known of the next one. */
export const programHasher = new ProgramHasher()
