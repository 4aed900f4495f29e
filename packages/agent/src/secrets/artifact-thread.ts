/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { threadEnvironment } from '../thread-environment.ts'
import type {
  ArtifactAsk,
  ArtifactReply,
  ArtifactWorkerData,
  NotLooked,
  UploadedFile,
} from './artifact-contract.ts'
import { type KnownSecret, mostSecrets } from './scanner.ts'

type Take = (reply: ArtifactReply) => void

export interface ArtifactThreadParts extends ArtifactWorkerData {
  gap: (text: string) => void
}

/** The thread that looks into files. */
export class ArtifactThread {
  readonly #parts: ArtifactThreadParts
  readonly #asked = new Map<number, Take>()
  #known: KnownSecret[] = []
  #worker: Worker | undefined
  #failed = false
  #closed = false
  #number = 0
  #idle: (() => void) | undefined

  constructor(parts: ArtifactThreadParts) {
    this.#parts = parts
  }

  know(secrets: readonly KnownSecret[]): void {
    if (secrets.length === 0 || this.#known.length >= mostSecrets) return
    this.#known.push(...secrets)
    if (this.#worker !== undefined) this.#post(this.#worker, { kind: 'know', secrets })
  }

  /** Files will come soon. */
  start(): void {
    if (!this.#failed && !this.#closed) this.#worker ??= this.#begin()
  }

  look(file: UploadedFile, take: Take): void {
    const number = ++this.#number
    if (this.#failed || this.#closed) return take(nothing(number, 'unreadable'))
    this.#asked.set(number, take)
    this.#worker ??= this.#begin()
    this.#post(this.#worker, { kind: 'look', number, ...file })
  }

  /** Waits until all has been looked into, or it takes too long: then the rest is not. */
  async settled(patienceMs: number): Promise<void> {
    if (this.#asked.size === 0) return
    const idle = Promise.withResolvers<void>()
    this.#idle = idle.resolve
    const timer = setTimeout(idle.resolve, patienceMs)
    await idle.promise
    clearTimeout(timer)
    this.#giveUp('budget')
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
  }

  #begin(): Worker {
    const own = new URL(import.meta.url)
    const data: ArtifactWorkerData = { key: this.#parts.key }
    const worker = new Worker(new URL(`./artifact-worker${extname(own.pathname)}`, own), {
      name: 'runwarden-artifacts',
      env: threadEnvironment(),
      // The binding opens files, too: node would take them for somebody else's.
      trackUnmanagedFds: false,
      workerData: data,
    })
    worker.on('message', (reply: ArtifactReply) => this.#replied(reply))
    let reason = 'its thread ended'
    worker.on('error', (error) => {
      reason = error.message
    })
    worker.on('exit', () => {
      if (this.#closed) return
      this.#failed = true
      this.#parts.gap(`artifacts are not looked into for secrets any more: ${reason}`)
      this.#giveUp('unreadable')
      this.#idle?.()
    })
    worker.unref()
    this.#post(worker, { kind: 'know', secrets: this.#known })
    return worker
  }

  #post(worker: Worker, ask: ArtifactAsk): void {
    if (!this.#closed && !this.#failed) worker.postMessage(ask)
  }

  #replied(reply: ArtifactReply): void {
    const take = this.#asked.get(reply.number)
    this.#asked.delete(reply.number)
    take?.(reply)
    if (this.#asked.size === 0) this.#idle?.()
  }

  #giveUp(why: NotLooked): void {
    for (const [number, take] of this.#asked) take(nothing(number, why))
    this.#asked.clear()
  }
}

function nothing(number: number, not: NotLooked): ArtifactReply {
  return { number, bytes: 0, not, found: [] }
}
