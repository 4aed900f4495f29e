/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { inTurn, LOOK_MS } from '@runwarden/sensor'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { threadEnvironment } from '../thread-environment.ts'
import type { Content, ReaderAsk, ReaderReply } from './contract.ts'

type Take = (content: Content) => void

interface Asked {
  path: string
  take: Take
}

/** How often what nobody waits for is read, and how much of it: 1,000 files and 32 MiB a second at most. */
const tickMs = LOOK_MS
const filesPerTick = 80
const bytesPerTick = (32 << 20) / (1000 / tickMs)
/** Files that wait: beyond, they are not read. */
const mostWaiting = 20_000
/** What a foreign change makes is read soon, up to so many files that have not been answered yet. */
const mostUrgent = 2_000
/** What is younger may be half written: a file is left alone for so long before it is read. */
export const settleMs = 25
const youngMb = 4
/** How long the end of a run waits for what is still being read. */
const patienceMs = 3_000

export interface ReaderParts {
  /** What was there before the run. */
  onWalked: (files: readonly [path: string, digest: string][]) => void
  gap: (text: string) => void
}

/**
 * Reads files in a thread of its own, which is started when there is something to read. It costs at most some four hundredths
 * of a processor for files that are only remembered; those that somebody changed come first.
 */
export class ContentReader {
  readonly #parts: ReaderParts
  readonly #asked = new Map<number, Take>()
  #waiting: Asked[] = []
  /** What is read at once, and when it has been left alone for a while. */
  readonly #settled: Asked[] = []
  readonly #unsettled: Asked[] = []
  #worker: Worker | undefined
  #ticking = false
  #failed = false
  #closed = false
  #number = 0
  #bytes = 0
  #idle: (() => void) | undefined
  /** Files that somebody changed, and that were not read because too many were to be. */
  skipped = 0

  constructor(parts: ReaderParts) {
    this.#parts = parts
  }

  get #unanswered(): number {
    return this.#settled.length + this.#unsettled.length + this.#asked.size
  }

  /** Reads a file when there is time. */
  later(path: string, take: Take): void {
    if (this.#failed || this.#closed || this.#waiting.length >= mostWaiting) return skip(take)
    this.#waiting.push({ path, take })
    if (this.#ticking) return
    this.#ticking = true
    setImmediate(() => this.#tick())
  }

  /**
   * Reads a file soon, with those that others ask for until then.
   * @param acted when it was changed as far as is known, milliseconds since the epoch: it is left alone for a while from then on
   */
  soon(path: string, acted: number, take: Take): void {
    if (this.#failed || this.#closed || this.#unanswered >= mostUrgent) {
      this.skipped++
      return skip(take)
    }
    const settled = Date.now() - acted >= settleMs
    const batch = settled ? this.#settled : this.#unsettled
    batch.push({ path, take })
    if (batch.length > 1) return
    const readBatch = (): void => this.#read(batch.splice(0))
    if (settled) setImmediate(readBatch)
    else setTimeout(readBatch, settleMs)
  }

  /** Reads a file at once, whether it is being written or not. */
  now(path: string, take: Take): void {
    if (this.#failed || this.#closed || this.#asked.size >= mostUrgent) {
      this.skipped++
      return skip(take)
    }
    this.#read([{ path, take }])
  }

  /** Reads what is below a folder. @param before milliseconds since the epoch: what was changed later is left out */
  walk(root: string, before: number): void {
    this.#post({ kind: 'walk', root, before })
  }

  /** Resolves when what was asked for urgently is there, or when it takes too long. */
  async settled(): Promise<boolean> {
    if (this.#unanswered === 0) return true
    const idle = Promise.withResolvers<boolean>()
    this.#idle = () => idle.resolve(true)
    const timer = setTimeout(() => idle.resolve(false), patienceMs)
    const done = await idle.promise
    clearTimeout(timer)
    this.#idle = undefined
    return done
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
  }

  /** As long as there is something to read or to pay for, once a turn. */
  #tick(): void {
    this.#ticking = !this.#closed && (this.#waiting.length > 0 || this.#bytes > 0)
    if (!this.#ticking) return
    this.#bytes = Math.max(0, this.#bytes - bytesPerTick)
    if (this.#bytes === 0 && this.#asked.size <= filesPerTick) {
      const files = this.#waiting.splice(0, filesPerTick)
      if (files.length > 0) this.#read(files)
    }
    // In the next turn, whichever moment of this one it is.
    inTurn(tickMs / 2, () => this.#tick())
  }

  #read(files: Asked[]): void {
    this.#post({
      kind: 'read',
      files: files.map(({ path, take }) => {
        const number = ++this.#number
        this.#asked.set(number, take)
        return [number, path]
      }),
    })
  }

  #post(ask: ReaderAsk): void {
    if (this.#closed || this.#failed) return
    this.#worker ??= this.#start()
    this.#worker.postMessage(ask)
  }

  #start(): Worker {
    const own = new URL(import.meta.url)
    const worker = new Worker(new URL(`./worker${extname(own.pathname)}`, own), {
      name: 'runwarden-files',
      env: threadEnvironment(),
      // The binding opens files, too: node would take them for somebody else's.
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
    })
    worker.on('message', (reply: ReaderReply) => this.#replied(reply))
    let reason = 'its thread ended'
    worker.on('error', (error) => {
      reason = error.message
    })
    worker.on('exit', () => {
      if (this.#closed) return
      this.#failed = true
      this.#parts.gap(`what files hold is not known any more: ${reason}`)
      for (const take of this.#asked.values()) skip(take)
      this.#asked.clear()
      this.#idle?.()
    })
    worker.unref()
    return worker
  }

  #replied(reply: ReaderReply): void {
    switch (reply.kind) {
      case 'walked':
        return this.#parts.onWalked(reply.files)
      case 'read':
        for (const [number, content] of reply.files) {
          this.#bytes += content.bytes
          const take = this.#asked.get(number)
          this.#asked.delete(number)
          take?.(content)
        }
        if (this.#unanswered === 0) this.#idle?.()
    }
  }
}

function skip(take: Take): void {
  take({ digest: null, unread: 'budget', bytes: 0, changedMs: 0, readMs: 0 })
}
