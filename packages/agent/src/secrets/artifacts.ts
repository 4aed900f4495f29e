import { closeSync, constants, openSync } from 'node:fs'
import type { Event } from '@runwarden/events'
import { bootClock } from '@runwarden/sensor'
import type { EventBody } from '../event-stream.ts'
import type { ArtifactReply, NotLooked } from './artifact-contract.ts'
import { ArtifactThread } from './artifact-thread.ts'
import type { KnownSecret } from './scanner.ts'

/** A regular file that the program of an action has opened for reading. */
export interface Opened {
  execId: string
  tgid: number
  /** CLOCK_BOOTTIME, ns. */
  time: number
  path: string
}

type Found = Omit<Extract<EventBody, { kind: 'secret.found' }>, 'time' | 'execId' | 'step'>

export interface ArtifactsParts {
  known: readonly KnownSecret[]
  key: Uint8Array
  /** Takes what TLS libraries sent so far: requests come in a ring of their own. */
  drainContent: () => void
  emitAt: (at: { time: number; execId: string }, body: Found) => void
  gap: (text: string) => void
}

/** Files that are looked into in one run. */
const MOST_FILES = 20_000
/** Opened files that wait for the requests that were sent before. */
const MOST_WAITING = 50_000
const MOST_UPLOADS = 256
/** Actions alive, and those that have uploaded. */
const MOST_ROOTS = 512
const MOST_TOLD = 200
/** How long the end of a run waits for the files that are being looked into. */
const PATIENCE_MS = 20_000

/** As GitHub's artifact service is asked: since 2023, and before (still so on GitHub Enterprise Server). */
const steps = [
  { method: 'POST', path: /\.ArtifactService\/CreateArtifact$/, begins: true },
  { method: 'POST', path: /\.ArtifactService\/FinalizeArtifact$/, begins: false },
  { method: 'POST', path: /\/_apis\/pipelines\/workflows\/\d+\/artifacts$/, begins: true },
  { method: 'PATCH', path: /\/_apis\/pipelines\/workflows\/\d+\/artifacts$/, begins: false },
]

/** Not files that anybody wrote. */
const kernels = /^\/(?:proc|sys|dev)\//

interface Upload {
  /** Milliseconds since the epoch. */
  from: number
  to: number
}

interface Uploader {
  uploads: Upload[]
  seen: Set<string>
}

/**
 * Secrets in uploaded artifacts. What is sent is compressed; so the files are looked into that the program of an action opens
 * between asking the artifact service for a place and telling it that all is there.
 */
export class Artifacts {
  readonly #parts: ArtifactsParts
  readonly #uploaders = new Map<string, Uploader>()
  /**
   * Descriptors of the root directories of actions, from their first file on: one may be in a container, and may end before
   * its files have been looked into. Null: it was over already.
   */
  readonly #roots = new Map<string, number | null>()
  #ended: string[] = []
  readonly #thread: ArtifactThread
  #waiting: Opened[] = []
  #scheduled = false
  #files = 0
  #told = 0
  readonly #notLooked = new Map<NotLooked, { files: number; first: string }>()

  constructor(parts: ArtifactsParts) {
    this.#parts = parts
    this.#thread = new ArtifactThread({ key: parts.key, gap: parts.gap })
    this.#thread.know(parts.known)
  }

  /** Values that turned out to be secrets. */
  know(secrets: readonly KnownSecret[]): void {
    this.#thread.know(secrets)
  }

  /** Takes an event: requests to the artifact service count. */
  see(event: Event): void {
    if (event.execId === null) return
    if (event.kind === 'process.exit' && this.#roots.has(event.execId)) {
      this.#ended.push(event.execId)
      this.#schedule()
    }
    if (event.kind !== 'http.request') return
    const { method, path, execId, time } = event
    const step = steps.find((one) => one.method === method && one.path.test(path))
    if (step === undefined) return
    const known = this.#uploaders.get(execId)
    const last = known?.uploads.at(-1)
    if (!step.begins) {
      if (last !== undefined && last.to === Infinity) last.to = time
      return
    }
    // Asked again, or several at once.
    if (last !== undefined && last.to === Infinity) return
    if (known === undefined && this.#uploaders.size >= MOST_UPLOADS)
      return this.#missed('budget', '')
    const uploader = known ?? { uploads: [], seen: new Set<string>() }
    uploader.uploads.push({ from: time, to: Infinity })
    this.#uploaders.set(execId, uploader)
    this.#thread.start()
  }

  opened(file: Opened): void {
    if (kernels.test(file.path)) return
    if (this.#waiting.length >= MOST_WAITING) return this.#missed('budget', file.path)
    if (!this.#roots.has(file.execId) && this.#roots.size < MOST_ROOTS)
      this.#roots.set(file.execId, rootOf(file.tgid))
    this.#waiting.push(file)
    this.#schedule()
  }

  /** Looks into all that was uploaded, and tells what was not looked into. */
  async finish(): Promise<void> {
    this.#settle()
    await this.#thread.settled(PATIENCE_MS)
    const texts = {
      gone: 'were gone',
      unreadable: 'could not be read',
      long: 'were so long that only their beginning was',
      packed: 'are archives or compressed (zip, zstd, xz, bzip2, 7z)',
      budget: 'were too many, or came too late',
    }
    const parts = [...this.#notLooked].flatMap(([why, { files, first }]) =>
      why === '' ? [] : [`${files} ${texts[why]} (${first}${files > 1 ? ', …' : ''})`],
    )
    if (parts.length > 0)
      this.#parts.gap(`files of artifacts were not looked into for secrets: ${parts.join('; ')}`)
  }

  async close(): Promise<void> {
    await this.#thread.close()
    for (const execId of this.#roots.keys()) this.#forget(execId)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#settle())
  }

  /** What the kernel told before these files were opened has been taken now: whether an upload was under way is known. */
  #settle(): void {
    this.#scheduled = false
    this.#parts.drainContent()
    const files = this.#waiting
    this.#waiting = []
    for (const file of files) {
      const uploader = this.#uploaders.get(file.execId)
      if (uploader === undefined || uploader.seen.has(file.path)) continue
      const time = bootClock.toEpoch(file.time)
      if (!uploader.uploads.some(({ from, to }) => from <= time && time <= to)) continue
      uploader.seen.add(file.path)
      if (this.#files >= MOST_FILES) {
        this.#missed('budget', file.path)
        continue
      }
      this.#files++
      const root = this.#roots.get(file.execId) ?? null
      const at = root === null ? '' : `/proc/self/fd/${root}`
      this.#thread.look(at + file.path, (reply) => this.#looked(file, reply))
    }
    for (const execId of this.#ended) if (!this.#uploaders.has(execId)) this.#forget(execId)
    this.#ended = []
  }

  #forget(execId: string): void {
    const root = this.#roots.get(execId) ?? null
    this.#roots.delete(execId)
    if (root !== null) closeSync(root)
  }

  #looked({ path, time, execId }: Opened, { not, found }: Omit<ArtifactReply, 'number'>): void {
    if (not !== '') this.#missed(not, path)
    for (const { kind, form, proven, line, hash } of found) {
      if (this.#told >= MOST_TOLD) return
      this.#told++
      const body = {
        secret: kind,
        form,
        proven,
        hash,
        position: line,
        path,
        truth: 'user' as const,
      }
      this.#parts.emitAt({ time, execId }, { kind: 'secret.found', place: 'artifact', ...body })
    }
  }

  #missed(why: NotLooked, path: string): void {
    const known = this.#notLooked.get(why)
    if (known !== undefined) known.files++
    else this.#notLooked.set(why, { files: 1, first: path })
  }
}

function rootOf(pid: number): number | null {
  try {
    const { O_DIRECTORY, O_RDONLY } = constants
    return openSync(`/proc/${pid}/root`, O_RDONLY | O_DIRECTORY)
  } catch {
    return null
  }
}
