import type { ServerResponse } from 'node:http'
import type { Bus } from '../bus.ts'
import { HttpError } from '../error.ts'
import { beginEvents, sendEvent } from '../event-stream.ts'
import type { Databases } from '../views/joined.ts'
import { type Change, Changes, type LiveEvents } from './changes.ts'

/** How often is looked what has changed, while somebody listens. */
const lookMs = 1000
/** Every so many looks: who may not listen any more is let go, and pages of whole organisations hear how their jobs go on. */
const seldom = 5
/** Proxies end connections on which nothing is heard for long. */
const pingLooks = 15
/** Bytes that wait for a page that does not read. */
const mostWaiting = 1 << 18
const mostListeners = 1000
/** Of one person, or one key: pages that are open. */
const mostOfOne = 20

export interface Listener {
  organisationId: string
  /** null: all of the organisation's. */
  jobId: string | null
  /** Who it is. */
  caller: string
  /** Signed out, expired, no member any more: false. */
  isAllowed: () => boolean
  to: ServerResponse
}

interface Parts {
  databases: () => Promise<Databases>
  bus: Bus
  blockListVersion: (organisationId: string) => string
  closing: AbortSignal
  failed: (error: unknown) => void
}

/** People's pages that are told what happens: server-sent events. Nothing is looked for while nobody listens. */
export class Listeners implements Disposable {
  readonly #parts: Parts
  readonly #all = new Set<Listener>()
  readonly #changes = new Map<string, Changes>()
  /** Jobs that organisations' pages have not heard of since. */
  readonly #held = new Map<string, Map<string, Change>>()
  #timer: NodeJS.Timeout | undefined
  #looks = 0
  readonly #blockList = (organisationId: string | null): void =>
    this.#tellOf(organisationId, 'block-list')
  readonly #policy = (organisationId: string | null): void => this.#tellOf(organisationId, 'policy')

  constructor(parts: Parts) {
    this.#parts = parts
    const { bus, closing } = parts
    bus.on('block-list', this.#blockList)
    bus.on('policy', this.#policy)
    closing.addEventListener('abort', () => {
      for (const { to } of this.#all) to.end()
    })
  }

  /** How many listen. */
  get size(): number {
    return this.#all.size
  }

  /**
   * @param listener nothing was written to its answer yet
   * @throws HttpError (503) where too many listen
   */
  add(listener: Listener): void {
    if (this.#all.size >= mostListeners)
      throw new HttpError(503, 'busy', 'too many pages listen; try again later')
    const { to, caller } = listener
    const older = [...this.#all].filter((one) => one.caller === caller)
    for (const one of older.slice(0, Math.max(0, older.length + 1 - mostOfOne))) one.to.end()
    beginEvents(to)
    this.#all.add(listener)
    to.once('close', () => this.#remove(listener))
    send(listener, 'ping', {})
    this.#timer ??= setTimeout(() => void this.#look(), 0)
  }

  #remove(listener: Listener): void {
    this.#all.delete(listener)
    const { organisationId } = listener
    if ([...this.#all].some((one) => one.organisationId === organisationId)) return
    this.#changes.delete(organisationId)
    this.#held.delete(organisationId)
  }

  async #look(): Promise<void> {
    this.#looks++
    try {
      if (this.#looks % seldom === 0)
        for (const one of this.#all) if (!one.isAllowed()) one.to.end()
      if (this.#looks % pingLooks === 0) for (const one of this.#all) send(one, 'ping', {})
      for (const id of new Set([...this.#all].map(({ organisationId }) => organisationId)))
        await this.#lookAt(id)
    } catch (error) {
      // The next look finds the same.
      this.#parts.failed(error)
    }
    this.#timer =
      this.#all.size === 0 || this.#parts.closing.aborted
        ? undefined
        : setTimeout(() => void this.#look(), lookMs).unref()
  }

  async #lookAt(organisationId: string): Promise<void> {
    let changes = this.#changes.get(organisationId)
    if (changes === undefined) {
      changes = new Changes(this.#parts.databases, organisationId)
      this.#changes.set(organisationId, changes)
    }
    const held = this.#held.get(organisationId) ?? new Map<string, Change>()
    this.#held.set(organisationId, held)
    const now: Change[] = []
    for (const change of await changes.look()) {
      const isProgress = change.event === 'job' && change.data.change === 'progress'
      if (isProgress) held.set(change.jobId, change)
      else {
        if (change.event === 'job') held.delete(change.jobId)
        now.push(change)
      }
      for (const one of this.#all)
        if (one.organisationId === organisationId && one.jobId === change.jobId)
          send(one, change.event, change.data)
    }
    if (this.#looks % seldom === 0) {
      now.push(...held.values())
      held.clear()
    }
    for (const { event, data } of now)
      for (const one of this.#all)
        if (one.organisationId === organisationId && one.jobId === null) send(one, event, data)
  }

  #tellOf(organisationId: string | null, event: 'block-list' | 'policy'): void {
    for (const one of this.#all) {
      if (organisationId !== null && one.organisationId !== organisationId) continue
      if (event === 'policy') send(one, event, {})
      else send(one, event, { version: this.#parts.blockListVersion(one.organisationId) })
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#parts.bus.off('block-list', this.#blockList)
    this.#parts.bus.off('policy', this.#policy)
  }
}

function send<E extends keyof LiveEvents>({ to }: Listener, event: E, data: LiveEvents[E]): void {
  sendEvent(to, event, data, mostWaiting)
}
