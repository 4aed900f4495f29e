import { isIPv6 } from 'node:net'
import { decideRequest, type CompiledPolicy } from '@runwarden/policy'
import type { TlsChunk, TlsEnd, TlsLibrary, TlsOffer, TlsUse } from '@runwarden/sensor'
import type { Who } from '../connection-teller.ts'
import type { EventBody } from '../event-stream.ts'
import { type ContentSink, HttpsContent, type OpaqueTraffic, type Source } from './content.ts'
import type { Exchange } from './exchange.ts'
import { RequestGate, type GateParts } from './gate.ts'

type Of<K extends EventBody['kind']> = Omit<
  Extract<EventBody, { kind: K }>,
  'time' | 'execId' | 'step'
>
export type ContentBody = Of<'http.request'> | Of<'http.response'> | Of<'http.opaque'>

/** Whose act is told. */
interface Actor {
  execId: string
  /** Of one that is not known any more: what was known of it as it began. */
  began?: Who | undefined
}

/** Tells an event of a process at a time (CLOCK_BOOTTIME ns). @returns its `seq` */
export type TellContent = (at: Actor & { time: number }, body: ContentBody) => number

/** A flow that may be HTTPS whose content was not read. */
interface UnreadFlow extends Actor {
  host: string | null
  /** All that led to the address: which one was meant is not certain where they share it. */
  names: readonly string[]
  address: string
  port: number
  protocol: string
  verdict: string
  /** IP bytes that each of its sockets sent. */
  sockets: readonly number[]
  /** It began with TLS. */
  tls: boolean
  time: number
}

/** IP bytes of a connection in which not even a ClientHello was sent. */
const HANDSHAKE = 400
/**
 * And of one that was opened and not used, as clients leave some beside those that they use: SYN and acknowledgements, a
 * ClientHello with post-quantum keys, Finished, the end. 2,620 by the sizes of these.
 */
const UNUSED = 3000

/** Processes of which it is remembered that their library was found late. */
const MOST_LATE = 8192
/** And of which it is remembered where they connected to, and to how many places at most. */
const MOST_ENDS = 8192
const MOST_PLACES = 64

const notHeld = {
  verdict: 'allowed',
  reason:
    'its process is exempt from the policy, or it was sent before these HTTPS rules were in force',
  rule: null,
} as const

const sentTo =
  'its host has no HTTPS rules; where its connection is to one that has, it does not leave'

/** Makes events of what the decoders find. */
export class ContentTeller implements ContentSink {
  private readonly content = new HttpsContent(this)
  /** Processes that have ended, of which chunks may still be under way. */
  private ended: string[] = []
  /** Processes whose library was found when they ran already. */
  private readonly late = new Map<string, TlsLibrary>()
  /** Where processes connected to, also of those that have ended: their flows may be over later. */
  private readonly ends = new Map<string, Set<string>>()
  private readonly tell: TellContent
  private readonly compiled: () => CompiledPolicy
  private readonly drainSensor: () => boolean
  /** While a batch is taken; and all that the kernel had told before it was captured was taken. */
  private inBatch = false
  private caughtUp = false
  private gate: RequestGate | undefined
  /** What is told once a process that waits has its decision; null: none waits. */
  private later: (() => void)[] | null = null

  /**
   * @param drainSensor takes what the kernel has told beside: who acts, and whom a connection is with, comes over other rings. False:
   * not now
   */
  constructor(tell: TellContent, compiled: () => CompiledPolicy, drainSensor: () => boolean) {
    this.tell = (at, body) => {
      this.catchUp()
      return tell(at, body)
    }
    this.compiled = compiled
    this.drainSensor = drainSensor
  }

  /** From here on what is offered is decided about. */
  decideOffers(parts: Omit<GateParts, 'read' | 'refused'>): void {
    this.gate = new RequestGate({
      ...parts,
      read: (chunk) => this.content.chunk(chunk),
      refused: ({ time, execId, library, allowed }, host, reason) =>
        this.soon(() => {
          this.tell(
            { time, execId },
            {
              kind: 'http.request',
              method: '',
              scheme: 'https',
              host,
              path: '',
              version: '1.1',
              authorization: null,
              library,
              truth: 'user',
              verdict: 'blocked',
              reason: `it was ended ${allowed ? 'while it sent it' : 'before it could send it'}: ${reason}`,
              rule: null,
            },
          )
        }),
    })
  }

  /** Takes all that was captured by now. @param telling calls what it is given, and keeps what is thrown to itself */
  takeBatch(
    batch: Iterable<TlsChunk | TlsEnd | TlsOffer>,
    telling: (tell: () => void) => void,
  ): void {
    this.inBatch = true
    try {
      for (const one of batch) telling(() => this.take(one))
    } finally {
      this.inBatch = false
      this.caughtUp = false
    }
  }

  /** Once for a batch is enough, and not before who is held has its decision. */
  private catchUp(): void {
    if (!this.caughtUp) this.caughtUp = this.drainSensor() && this.inBatch
  }

  /** Takes what was captured, one after the other. */
  take(captured: TlsChunk | TlsEnd | TlsOffer): void {
    if ('goesOn' in captured) return this.decide(captured)
    if (!('data' in captured)) {
      this.gate?.closed(captured)
      this.content.end(captured)
    } else this.content.chunk(captured, this.gate?.knows(captured) === true ? 'received' : 'any')
  }

  /** A process waits meanwhile: what is found is told when it has its decision. */
  private decide(offer: TlsOffer): void {
    const told = (this.later = [] as (() => void)[])
    try {
      this.gate?.offer(offer)
    } finally {
      this.later = null
      for (const tell of told) tell()
    }
  }

  private soon(tell: () => void): void {
    if (this.later === null) tell()
    else this.later.push(tell)
  }

  /** A process has a library that is seen, from now on. */
  use({ execId, library, lateMs }: TlsUse): void {
    if (lateMs > 0 && this.late.size < MOST_LATE) this.late.set(execId, library)
  }

  /** A process connects, over TCP. */
  connects(execId: string, host: string | null, address: string, port: number): void {
    let ends = this.ends.get(execId)
    if (ends === undefined) {
      this.ends.set(execId, (ends = new Set()))
      const oldest = this.ends.keys().next()
      if (this.ends.size > MOST_ENDS && oldest.done !== true) this.ends.delete(oldest.value)
    }
    if (ends.size <= MOST_PLACES) ends.add(named(host ?? address, port))
  }

  exited(execId: string): void {
    this.ended.push(execId)
  }

  /** The processes that have ended since this was last asked, for settle(). */
  takeEnded(): string[] {
    const { ended } = this
    this.ended = []
    return ended
  }

  /** All that had been captured when these processes had ended was taken: nothing comes of them any more. */
  settle(ended: readonly string[]): void {
    for (const execId of ended) {
      this.content.exited(execId)
      this.gate?.exited(execId)
    }
  }

  /** Nothing comes any more at all. */
  finish(): void {
    this.ended = []
    this.content.finish()
  }

  request({ execId, library }: Source, exchange: Exchange): void {
    const { head, time } = exchange
    const said = decideRequest(this.compiled(), head)
    const held = this.gate?.found(head.host, said) ?? false
    const decision = said?.verdict === 'blocked' && !held ? notHeld : said
    this.soon(() => {
      exchange.seq = this.tell(
        { time, execId },
        {
          ...head,
          kind: 'http.request',
          library,
          truth: 'user',
          verdict: decision?.verdict ?? 'allowed',
          reason:
            decision?.reason ??
            (held ? sentTo : 'its connection was allowed, and its host has no HTTPS rules'),
          rule: decision?.rule ?? null,
        },
      )
    })
  }

  response(source: Source, exchange: Exchange): void {
    this.soon(() => this.tellResponse(source, exchange))
  }

  private tellResponse({ execId }: Source, exchange: Exchange): void {
    const { seq: request, lastTime, status, requestBytes, responseBytes } = exchange
    if (request === null) return
    const { mutations, repositories } = exchange
    const kind = 'http.response'
    const body: ContentBody = { kind, request, status, requestBytes, responseBytes, mutations }
    if (repositories.length > 0) body.repositories = repositories
    this.tell({ time: lastTime, execId }, body)
  }

  opaque(traffic: OpaqueTraffic & Actor): void {
    const { execId, began, time, library, reason, connections, bytesSent, bytesReceived } = traffic
    // Its connect may wait in a ring still. Who is held waits for its decision, and not for that.
    if (traffic.host === null && this.later === null) this.catchUp()
    const [end, ...others] = this.ends.get(execId) ?? []
    const host = traffic.host ?? (others.length === 0 ? end : null) ?? null
    this.tell(
      { time, execId, began },
      { kind: 'http.opaque', library, reason, host, connections, bytesSent, bytesReceived },
    )
  }

  /** Whether a connection that asked for a host may be another one's than those whose hosts are known. */
  private isElsewhere(execId: string, host: string): boolean {
    const ends = this.ends.get(execId)
    return ends === undefined || ends.size > MOST_PLACES || ends.has(host)
  }

  /** A flow is over: what of it was not read is told. */
  flow({
    execId,
    host,
    names,
    address,
    port,
    protocol,
    verdict,
    sockets,
    tls,
    time,
    began,
  }: UnreadFlow): void {
    if (verdict !== 'allowed' && verdict !== 'would-block') return
    const quic = protocol === 'udp' && port === 443
    if (!quic && (protocol !== 'tcp' || (port !== 443 && !tls))) return
    const begun = sockets.filter((bytes) => bytes >= HANDSHAKE)
    const late = quic ? undefined : this.late.get(execId)
    // Of one that was found late it is not known which of its connections were before that.
    const all = new Set(host === null ? names : [host, ...names])
    const hosts = [...all].map((one) => named(one, port))
    const seen =
      quic || late !== undefined
        ? 0
        : this.content.takeSeen(execId, hosts, begun.length, (one) => this.isElsewhere(execId, one))
    // Which of them were read is not known: those that sent most are told.
    const unread = begun
      .toSorted((a, b) => b - a)
      .slice(0, begun.length - seen)
      .filter((bytes) => seen === 0 || bytes >= UNUSED)
    if (unread.length === 0) return
    this.opaque({
      execId,
      began,
      time,
      library: late ?? null,
      reason: quic ? 'quic' : late === undefined ? 'no-library' : 'late',
      host: named(host ?? address, port),
      connections: unread.length,
      bytesSent: unread.reduce((sum, bytes) => sum + bytes, 0),
      bytesReceived: 0,
    })
  }
}

/** As `http.request` has a host. */
function named(host: string, port: number): string {
  const name = (isIPv6(host) ? `[${host}]` : host).toLowerCase()
  return port === 443 ? name : `${name}:${port}`
}
