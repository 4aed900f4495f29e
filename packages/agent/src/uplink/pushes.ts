import { routeUrl } from '@runwarden/api/route-url'
import { messageOf } from '../errors.ts'
import { ask, AskError, type Answer, open } from './ask.ts'
import { Pause } from './pause.ts'
import { serverSent } from './server-sent.ts'

/** What a control plane says of a job, and may say otherwise while it runs. */
export interface Pushed {
  /** As the stream calls it. */
  event: string
  path: '/v1/jobs/{id}/blocklist' | '/v1/jobs/{id}/policies'
  /** Of what is in force, or was tried last; null: there is none. */
  version: string | null
  /** @throws where it cannot be read */
  read: (answer: Answer) => Fetched
}

/** What was fetched, and is not in force yet. */
export interface Fetched {
  version: string
  /** For people: `block list 12`. */
  name: string
  /** Puts it in force. @throws when it cannot be; then the one before stays */
  apply: () => Promise<void>
}

export interface PushesParts {
  /** At its control plane. */
  job: { url: string; id: string }
  token: string
  signal: AbortSignal
  all: readonly Pushed[]
  gap: (text: string) => void
  /** The control plane has answered. */
  heard: () => void
}

/** A server sends a ping at least that often, ms; a proxy between may have forgotten the stream. */
const quietMs = 90_000

/** What the control plane pushes: fetched whenever it says that there is another one, and put in force one after the other. */
export class Pushes {
  readonly #parts: PushesParts
  /** To be fetched. */
  readonly #stale = new Set<Pushed>()
  #fetching: Promise<void> | undefined
  readonly #pause = new Pause({ firstMs: 200, mostMs: 30_000 })

  constructor(parts: PushesParts) {
    this.#parts = parts
    void this.#listen()
  }

  /** What a heartbeat was told. @param version null: there is none, and what is in force stays */
  isNow(event: string, version: string | null): void {
    const pushed = this.#parts.all.filter((one) => one.event === event && one.version !== version)
    if (version !== null) this.#fetch(pushed)
  }

  /** What is under way has come to its end. */
  async settled(): Promise<void> {
    this.#pause.end()
    await this.#fetching
  }

  #fetch(pushed: readonly Pushed[]): void {
    if (pushed.length === 0) return
    for (const one of pushed) this.#stale.add(one)
    this.#pause.end()
    this.#fetching ??= this.#fetchAll().finally(() => (this.#fetching = undefined))
  }

  async #fetchAll(): Promise<void> {
    const { signal } = this.#parts
    for (let [one] = this.#stale; one !== undefined && !signal.aborted; [one] = this.#stale) {
      this.#stale.delete(one)
      try {
        await this.#fetchOne(one)
        this.#pause.reset()
      } catch (error) {
        if (error instanceof AskError && error.status === 404) {
          this.#parts.gap(`what the job has of its control plane stays in force: ${error.message}`)
          continue
        }
        this.#stale.add(one)
        const atLeastMs = error instanceof AskError ? error.retryAfterMs : 0
        if (!signal.aborted) await this.#pause.afterFailure(atLeastMs)
      }
    }
  }

  async #fetchOne(one: Pushed): Promise<void> {
    const { job, token, signal, heard, gap } = this.#parts
    const headers = one.version === null ? {} : { 'if-none-match': JSON.stringify(one.version) }
    const url = routeUrl(job.url, one.path, { id: job.id })
    const answer = await ask(url, { token, signal, headers, background: true })
    heard()
    if (answer.status === 304) return
    const { version, name, apply } = one.read(answer)
    if (signal.aborted || version === one.version) return
    one.version = version
    try {
      await apply()
    } catch (error) {
      gap(
        `${name} of the control plane is NOT in force, what was before it stays: ${messageOf(error)}`,
      )
    }
  }

  async #listen(): Promise<void> {
    const { job, token, signal, heard, all } = this.#parts
    const pause = new Pause({ firstMs: 500, mostMs: 15_000 })
    signal.addEventListener('abort', () => pause.end(), { once: true })
    while (!signal.aborted) {
      try {
        const url = routeUrl(job.url, '/v1/jobs/{id}/stream', { id: job.id })
        const headers = { accept: 'text/event-stream' }
        const stream = await open(url, { token, signal, headers, background: true })
        stream.setTimeout(quietMs, () => stream.destroy())
        if (stream.statusCode !== 200) {
          stream.destroy()
          throw new AskError(`the stream was answered by ${stream.statusCode}`)
        }
        heard()
        // What holds now comes first: it may have changed while nobody listened.
        for await (const { event, data } of serverSent(stream)) {
          pause.reset()
          heard()
          const version = versionIn(data)
          this.#fetch(all.filter((one) => one.event === event && one.version !== version))
        }
      } catch {
        // It is asked for anew; meanwhile heartbeats are told of another version.
      }
      if (!signal.aborted) await pause.afterFailure()
    }
  }
}

/** undefined: it is none, which is another one than that in force. */
function versionIn(data: string): unknown {
  try {
    return (JSON.parse(data) as { version?: unknown } | null)?.version
  } catch {
    return undefined
  }
}
