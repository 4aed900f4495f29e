import { messageOf } from '../errors.ts'
import { ask, AskError, open } from './ask.ts'
import { Pause } from './pause.ts'
import { serverSent } from './server-sent.ts'

export interface PushedListParts {
  /** `<server>/v1/jobs/<id>` */
  job: string
  token: string
  signal: AbortSignal
  /** Of the list that is in force; null: there is none. */
  version: string | null
  /** Puts another one in force. @throws when it cannot be; then the one before stays */
  apply: (text: string, version: string) => Promise<void>
  gap: (text: string) => void
  /** The control plane has answered. */
  heard: () => void
}

/** A server sends a ping at least that often, ms; a proxy between may have forgotten the stream. */
const quietMs = 90_000

/** The control plane's block list, fetched whenever it says that there is another one. */
export class PushedList {
  readonly #parts: PushedListParts
  #version: string | null
  /** Asked for while it was fetched. */
  #again = false
  #fetching: Promise<void> | undefined
  readonly #pause = new Pause({ firstMs: 200, mostMs: 30_000 })

  constructor(parts: PushedListParts) {
    this.#parts = parts
    this.#version = parts.version
    void this.#listen()
  }

  /** Of the list that is in force, or was tried last. */
  get version(): string | null {
    return this.#version
  }

  /** What a heartbeat was told. */
  isNow(version: string | null): void {
    if (version !== null && version !== this.#version) this.fetch()
  }

  /** What is under way has come to its end. */
  async settled(): Promise<void> {
    this.#pause.end()
    await this.#fetching
  }

  fetch(): void {
    this.#again = true
    this.#pause.end()
    this.#fetching ??= this.#fetchAll().finally(() => (this.#fetching = undefined))
  }

  async #fetchAll(): Promise<void> {
    const { job, token, signal } = this.#parts
    while (this.#again && !signal.aborted) {
      this.#again = false
      try {
        const headers =
          this.#version === null ? {} : { 'if-none-match': JSON.stringify(this.#version) }
        const url = new URL(`${job}/blocklist`)
        const answer = await ask(url, { token, signal, headers, background: true })
        this.#parts.heard()
        this.#pause.reset()
        if (answer.status !== 304)
          await this.#apply(answer.body.toString(), versionOf(answer.headers.etag))
      } catch (error) {
        this.#again = true
        const atLeastMs = error instanceof AskError ? error.retryAfterMs : 0
        if (!signal.aborted) await this.#pause.afterFailure(atLeastMs)
      }
    }
  }

  async #apply(text: string, version: string): Promise<void> {
    if (this.#parts.signal.aborted || version === this.#version) return
    this.#version = version
    try {
      await this.#parts.apply(text, version)
    } catch (error) {
      this.#parts.gap(
        `block list ${version} of the control plane is NOT in force, the one before it stays: ${messageOf(error)}`,
      )
    }
  }

  async #listen(): Promise<void> {
    const { job, token, signal, heard } = this.#parts
    const pause = new Pause({ firstMs: 500, mostMs: 15_000 })
    signal.addEventListener('abort', () => pause.end(), { once: true })
    while (!signal.aborted) {
      try {
        const url = new URL(`${job}/stream`)
        const headers = { accept: 'text/event-stream' }
        const stream = await open(url, { token, signal, headers, background: true })
        stream.setTimeout(quietMs, () => stream.destroy())
        if (stream.statusCode !== 200) {
          stream.destroy()
          throw new AskError(`the stream was answered by ${stream.statusCode}`)
        }
        heard()
        // What has changed while nobody listened.
        this.fetch()
        for await (const { event } of serverSent(stream)) {
          pause.reset()
          heard()
          if (event === 'block-list' || event === 'policy') this.fetch()
        }
      } catch {
        // It is asked for anew; meanwhile heartbeats are told of another version.
      }
      if (!signal.aborted) await pause.afterFailure()
    }
  }
}

function versionOf(etag: string | undefined): string {
  return /^(?:W\/)?"([^"]{1,200})"$/.exec(etag ?? '')?.[1] ?? 'without a version'
}
