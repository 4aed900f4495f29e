import type { ServerResponse } from 'node:http'
import type { HeartbeatAnswer } from '@runwarden/events/control-plane'
import type { Bus } from '../bus.ts'
import { beginEvents, sendEvent } from '../event-stream.ts'

/** Proxies end connections on which nothing is heard for long. */
const pingMs = 15_000
/** An agent that comes back after its network was gone leaves the old one open. */
const mostOfJob = 3
/** Bytes that wait for an agent that does not read. */
const mostWaiting = 1 << 16

interface Stream {
  jobId: string
  organisationId: string
  to: ServerResponse
  said: HeartbeatAnswer
}

interface Parts {
  bus: Bus
  closing: AbortSignal
  /** undefined: the job was deleted. */
  inForce: (jobId: string) => HeartbeatAnswer | undefined
}

/** Agents that listen for changes: server-sent events, each said only to those for whom it is one. */
export class Streams implements Disposable {
  readonly #parts: Parts
  readonly #all = new Set<Stream>()
  readonly #timer: NodeJS.Timeout
  readonly #changed = (organisationId: string | null): void => this.#tell(organisationId)

  constructor(parts: Parts) {
    this.#parts = parts
    const { bus, closing } = parts
    bus.on('block-list', this.#changed)
    bus.on('policy', this.#changed)
    closing.addEventListener('abort', () => {
      for (const { to } of this.#all) to.end()
    })
    this.#timer = setInterval(() => {
      for (const stream of this.#all) send(stream, 'ping', {})
    }, pingMs).unref()
  }

  /** How many listen. */
  get size(): number {
    return this.#all.size
  }

  /** @param to nothing was written to it yet */
  add(jobId: string, organisationId: string, now: HeartbeatAnswer, to: ServerResponse): void {
    const older = [...this.#all].filter((stream) => stream.jobId === jobId)
    for (const { to: other } of older.slice(0, Math.max(0, older.length + 1 - mostOfJob)))
      other.end()
    beginEvents(to)
    const stream: Stream = {
      jobId,
      organisationId,
      to,
      said: { blockListVersion: null, policyVersion: null },
    }
    this.#all.add(stream)
    to.once('close', () => this.#all.delete(stream))
    send(stream, 'ping', {})
    say(stream, now)
  }

  #tell(organisationId: string | null): void {
    for (const stream of this.#all) {
      if (organisationId !== null && stream.organisationId !== organisationId) continue
      const now = this.#parts.inForce(stream.jobId)
      if (now === undefined) stream.to.end()
      else say(stream, now)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#parts.bus.off('block-list', this.#changed)
    this.#parts.bus.off('policy', this.#changed)
  }
}

function say(stream: Stream, now: HeartbeatAnswer): void {
  const { said } = stream
  stream.said = now
  if (now.blockListVersion !== said.blockListVersion)
    send(stream, 'block-list', { version: now.blockListVersion })
  if (now.policyVersion !== said.policyVersion)
    send(stream, 'policy', { version: now.policyVersion })
}

function send({ to }: Stream, event: string, data: object): void {
  sendEvent(to, event, data, mostWaiting)
}
