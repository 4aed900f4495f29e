import { closeSync, openSync } from 'node:fs'
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

/** Opened files that wait for the requests that were sent before. */
const MOST_WAITING = 50_000
/** Actions at a time. */
const MOST_ACTIONS = 256
/** Of one action: uploads, files that are looked into, and findings. */
const MOST_UPLOADS = 64
const MOST_FILES = 20_000
const MOST_TOLD = 200
/** How long the end of a run waits for the files that are being looked into. */
const PATIENCE_MS = 20_000

type UploadPlace = 'artifact' | 'cache'

/**
 * As GitHub's artifact and cache services are asked: since 2023 and 2025, and before (still so on GitHub Enterprise Server).
 * Of each place, what begins an upload and what ends it.
 */
const requests: readonly (readonly [UploadPlace, begins: boolean, method: string, path: RegExp])[] =
  [
    ['artifact', true, 'POST', /\.ArtifactService\/CreateArtifact$/],
    ['artifact', false, 'POST', /\.ArtifactService\/FinalizeArtifact$/],
    ['artifact', true, 'POST', /\/_apis\/pipelines\/workflows\/\d+\/artifacts$/],
    ['artifact', false, 'PATCH', /\/_apis\/pipelines\/workflows\/\d+\/artifacts$/],
    ['cache', true, 'POST', /\.CacheService\/CreateCacheEntry$/],
    ['cache', false, 'POST', /\.CacheService\/FinalizeCacheEntryUpload$/],
    ['cache', true, 'POST', /\/_apis\/artifactcache\/caches$/],
    ['cache', false, 'POST', /\/_apis\/artifactcache\/caches\/\d+$/],
  ]

/** Not files that anybody wrote. */
const kernels = /^\/(?:proc|sys|dev)\//

/** A process that runs an action. */
interface Action {
  /**
   * Descriptors of its root directory and its list of mounts, from its first file on: it may be in a container, and may end before its
   * files have been looked into. Null: it was over already.
   */
  view: { root: number; mounts: number } | null
  /** Milliseconds since the epoch. */
  uploads: { place: UploadPlace; from: number; to: number }[]
  seen: Set<string>
  /** Files that are being looked into. */
  looking: number
  told: number
  ended: boolean
}

/**
 * Secrets in uploaded artifacts and caches. What is sent is compressed; so the files are looked into that the program of an action
 * opens between asking the service for a place and telling it that all is there. Of a cache that is an archive.
 */
export class Artifacts {
  readonly #parts: ArtifactsParts
  readonly #actions = new Map<string, Action>()
  readonly #thread: ArtifactThread
  #waiting: Opened[] = []
  #scheduled = false
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
    const action = event.execId === null ? undefined : this.#actions.get(event.execId)
    if (action === undefined) return
    if (event.kind === 'process.exit') {
      action.ended = true
      this.#schedule()
    }
    if (event.kind !== 'http.request') return
    const { method, path, time } = event
    const request = requests.find(([, , verb, asks]) => verb === method && asks.test(path))
    if (request === undefined) return
    const [place, begins] = request
    const last = action.uploads.findLast((upload) => upload.place === place)
    const goesOn = last !== undefined && last.to === Infinity
    if (!begins) {
      if (goesOn) last.to = time
      return
    }
    // Asked again, or several at once.
    if (goesOn) return
    if (last !== undefined && action.uploads.length >= MOST_UPLOADS) last.to = Infinity
    else action.uploads.push({ place, from: time, to: Infinity })
    this.#thread.start()
  }

  opened(file: Opened): void {
    const { execId, tgid, path } = file
    if (kernels.test(path)) return
    if (!this.#actions.has(execId)) {
      if (this.#actions.size >= MOST_ACTIONS) return this.#missed('budget', path)
      const fresh = { uploads: [], seen: new Set<string>(), looking: 0, told: 0, ended: false }
      this.#actions.set(execId, { view: viewOf(tgid), ...fresh })
    }
    if (this.#waiting.length >= MOST_WAITING) return this.#missed('budget', path)
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
      long: 'were so long, or had such long files in them, that only their beginning was',
      packed: 'are archives or compressed, or have such files in them (zip, xz, bzip2, 7z)',
      many: 'have so many secrets that not all of them are told',
      budget: 'were too many, or came too late',
    }
    const parts = [...this.#notLooked].flatMap(([why, { files, first }]) =>
      why === '' ? [] : [`${files} ${texts[why]} (${first}${files > 1 ? ', …' : ''})`],
    )
    if (parts.length > 0)
      this.#parts.gap(
        `files of artifacts and caches were not looked into for secrets: ${parts.join('; ')}`,
      )
  }

  async close(): Promise<void> {
    await this.#thread.close()
    for (const [execId, action] of this.#actions) this.#forget(execId, action)
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
      const action = this.#actions.get(file.execId)
      if (action === undefined || action.seen.has(file.path)) continue
      const time = bootClock.toEpoch(file.time)
      const upload = action.uploads.find(({ from, to }) => from <= time && time <= to)
      if (upload === undefined) continue
      if (action.seen.size >= MOST_FILES) {
        this.#missed('budget', file.path)
        continue
      }
      action.seen.add(file.path)
      // Elsewhere the same path may be another file.
      if (action.view === null) {
        this.#missed('gone', file.path)
        continue
      }
      action.looking++
      this.#thread.look({ ...action.view, path: file.path }, (reply) =>
        this.#looked(file, action, upload.place, reply),
      )
    }
    for (const [execId, action] of this.#actions)
      if (action.ended && action.looking === 0) this.#forget(execId, action)
  }

  #forget(execId: string, { view }: Action): void {
    this.#actions.delete(execId)
    for (const fd of Object.values(view ?? {})) closeSync(fd)
  }

  #looked(file: Opened, action: Action, place: UploadPlace, { not, found }: ArtifactReply): void {
    const { time, execId } = file
    action.looking--
    if (action.ended && action.looking === 0) this.#schedule()
    const room = MOST_TOLD - action.told
    if (not !== '') this.#missed(not, file.path)
    else if (found.length > room) this.#missed('many', file.path)
    action.told += Math.min(found.length, room)
    for (const { kind, form, proven, line, hash, entry } of found.slice(0, room)) {
      const path = entry === '' ? file.path : `${file.path} › ${entry}`
      const what = { secret: kind, form, proven, hash, position: line, path }
      this.#parts.emitAt({ time, execId }, { kind: 'secret.found', place, ...what, truth: 'user' })
    }
  }

  #missed(why: NotLooked, path: string): void {
    const known = this.#notLooked.get(why)
    if (known !== undefined) known.files++
    else this.#notLooked.set(why, { files: 1, first: path })
  }
}

/** Opens without touching: a process of the job may serve the file system. */
const O_PATH = 0o10000000

function viewOf(pid: number): Action['view'] {
  let root
  try {
    root = openSync(`/proc/${pid}/root`, O_PATH)
    return { root, mounts: openSync(`/proc/${pid}/mountinfo`, 'r') }
  } catch {
    if (root !== undefined) closeSync(root)
    return null
  }
}
