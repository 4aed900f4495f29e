import type { BpfMap } from '@runwarden/libbpf'
import { type Decision, splitHost } from '@runwarden/policy'
import type { TlsChunk, TlsOffer } from '@runwarden/sensor'
import { Connections } from './connections.ts'
import { HeldProcesses } from './held.ts'
import { MAX_SESSIONS } from './limits.ts'
import type { HttpSession } from './session.ts'

/** struct https_grants of bpf/include/https_state.h. */
const GRANTS_BYTES = 16
/** As many as the kernel's maps have. */
const FAMILIES = 4096
/** Of all that was offered and may be offered again, bytes. */
const MOST_WINDOWS = 64 << 20
const nothing = Buffer.alloc(0)

export interface GateParts {
  /** What may leave, by family: a map that the kernel's look at packets reads. */
  grants: Pick<BpfMap, 'get' | 'set'>
  /** Ends the connections of a family that have bytes which were not granted. */
  endUngranted(family: Buffer): void
  /** Reads what is about to be sent; what it finds comes to found(). */
  read(chunk: TlsChunk): HttpSession
  /** The connection has asked a host with rules: what is granted may leave on it. */
  asks(offer: TlsOffer): void
  /** The connection needs no decision any more. */
  free(offer: TlsOffer): void
  /** The process of a connection has ended: the kernel need not know it any more. */
  forget(connection: Connection): void
  /** A request to a host was let go on: the kernel is to know by which rules. */
  learn(host: string): void
  /** A process was ended because of what it was about to send, which is no request that could be read. */
  refused(offer: TlsOffer, host: string, why: string): void
}

/** By its process, and the address of the library's object for it. */
export type Connection = Pick<TlsOffer, 'pid' | 'start' | 'session'>

/** Of a write, in its order: what is shown of it, and for how much that stands. */
type Part = Pick<TlsOffer, 'data' | 'size'>

/** A connection: what of it was offered and has not been sent, and whom it is with. */
interface Offered {
  connection: Connection
  parts: Part[]
  /** Of the connection, as the offers say. */
  sent: number
  window: Buffer
  windowSize: number
  /** There was no room for the window: what is offered again cannot be compared. */
  forgotten: boolean
  /** Bytes that may leave once it is known where to. */
  owed: number
  host: string | null
  ruled: boolean
  /** The kernel knows that it was granted something. */
  asks: boolean
}

/** Of a program and the children that it forks: they have each other's connections. */
interface Grants {
  family: Buffer
  granted: bigint
  decided: number
}

/**
 * Decides about writes before they leave: their processes are stopped meanwhile. Who breaks a rule is ended; others go on, and what
 * they send to hosts with HTTPS rules is granted; without that the kernel lets nothing of it leave. What the kernel has allowed, and
 * granted, is only followed.
 */
export class RequestGate {
  private readonly parts: GateParts
  private readonly held = new HeldProcesses()
  private readonly sessions = new Connections<Offered>()
  /** Of the windows of all. */
  private bytes = 0
  /** The one that was granted something longest ago first. */
  private readonly families = new Map<string, Grants>()
  /** By process: writes for which it was ended. */
  private readonly refusals = new Map<string, TlsOffer[]>()
  /** While something is read that is about to be sent; and whether its process waits. */
  private seen: { host: string; decision: Decision | null }[] | null = null
  private waits = false

  constructor(parts: GateParts) {
    this.parts = parts
  }

  /** A request was found in what is read. @returns whether its process waits for what is decided */
  found(host: string, decision: Decision | null): boolean {
    this.seen?.push({ host, decision })
    return this.seen !== null && this.waits
  }

  /** Something is about to be sent. */
  offer(offer: TlsOffer): void {
    const session = this.sessions.use(offer.execId, offer.session) ?? this.begin(offer)
    const gone = Math.max(0, offer.sent - session.sent)
    session.sent = offer.sent
    session.windowSize = Math.max(0, session.windowSize - gone)
    this.setWindow(session, session.window.subarray(Math.min(gone, session.window.length)))
    if (session.windowSize === 0) session.forgotten = false
    session.parts.push({ data: offer.data, size: offer.size })
    if (offer.goesOn) return
    const { parts } = session
    session.parts = []
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    const why = this.decide(offer, session, parts, size)
    if (why === null) this.goOn(offer, session, size)
    else this.end(offer)
  }

  /** Whether what the connection sends is known from what it offers. */
  knows({ execId, session }: { execId: string; session: bigint }): boolean {
    return this.sessions.has(execId, session)
  }

  closed({ execId, session }: { execId: string; session: bigint }): void {
    const closed = this.sessions.take(execId, session)
    if (closed !== undefined) this.setWindow(closed, nothing)
  }

  /** A process has ended. What it was refused is decided by that, and gone before others of its family send again. */
  exited(execId: string): void {
    for (const offer of this.refusals.get(execId) ?? []) {
      this.parts.endUngranted(offer.family)
      this.decided(this.grantsOf(offer))
    }
    this.refusals.delete(execId)
    for (const address of this.sessions.addressesOf(execId)) {
      const session = this.sessions.take(execId, address)
      if (session === undefined) continue
      this.setWindow(session, nothing)
      this.parts.forget(session.connection)
    }
  }

  private begin({ execId, pid, start, session: address, sent }: TlsOffer): Offered {
    const begun: Offered = {
      connection: { pid, start, session: address },
      parts: [],
      sent,
      window: nothing,
      windowSize: 0,
      forgotten: false,
      owed: 0,
      host: null,
      ruled: false,
      asks: false,
    }
    this.sessions.add(execId, address, begun)
    // Of one that is followed no more nothing is granted: its host is not known.
    const { oldest } = this.sessions
    if (this.sessions.size > MAX_SESSIONS && oldest !== null)
      this.closed({ execId: oldest.execId, session: oldest.address })
    return begun
  }

  private setWindow(session: Offered, window: Buffer): void {
    this.bytes += window.length - session.window.length
    // Not a view of nothing, which would keep all of what it was a part of.
    session.window = window.length === 0 ? nothing : window
  }

  /** Those that were used longest ago lose their windows. */
  private makeRoom(): void {
    if (this.bytes <= MOST_WINDOWS) return
    for (const session of this.sessions) {
      if (this.bytes <= MOST_WINDOWS / 2) return
      session.forgotten ||= session.window.length > 0
      this.setWindow(session, nothing)
    }
  }

  /** Why the process is to be ended; null: it may go on. */
  private decide(
    offer: TlsOffer,
    session: Offered,
    parts: readonly Part[],
    size: number,
  ): string | null {
    if (session.forgotten)
      return this.refuse(offer, session, 'what was to be sent again is not known any more')
    // What was not sent at once is offered again.
    const fresh: Part[] = []
    let at = 0
    for (const { data, size: stands } of parts) {
      const again = session.window.subarray(at, at + data.length)
      if (!data.subarray(0, again.length).equals(again))
        return this.refuse(offer, session, 'what was to be sent again was changed')
      const old = Math.max(0, session.windowSize - at)
      if (old < stands) fresh.push({ data: data.subarray(old), size: stands - old })
      at += stands
    }
    const [first, ...others] = fresh
    if (first === undefined) return null
    const more = size - session.windowSize
    // Behind bytes that are not shown none are kept to be compared.
    if (session.window.length === session.windowSize)
      this.setWindow(session, joined([session.window, ...shown(fresh)]))
    session.windowSize = size
    this.makeRoom()
    const seen = (this.seen = [] as { host: string; decision: Decision | null }[])
    this.waits = !offer.allowed
    const { time, execId, pid, library } = offer
    const about = { time, execId, pid, library, session: offer.session, lost: false }
    let http = this.parts.read({ ...about, ...first, direction: 'sent' })
    for (const part of others) http = this.parts.read({ ...about, ...part, direction: 'sent' })
    this.seen = null
    for (const { host, decision } of seen) {
      // What the kernel has allowed was allowed, also where another policy is in force by now.
      if (decision !== null && decision.verdict !== 'allowed' && this.waits) return decision.reason
      const other = session.host !== null && session.host !== host
      if (other && (session.ruled || decision !== null))
        return this.refuse(offer, session, `a connection with ${session.host} asked for ${host}`)
      session.host = host
      session.ruled = decision !== null
    }
    if (this.waits) session.owed += more
    // What the job's program answers as a server goes to no host with rules: nothing of it is granted.
    if (http.serves) this.parts.free(offer)
    if (http.opaque === null || !http.hidesRequests) return null
    const { reason } = http.opaque
    if (session.ruled) return this.refuse(offer, session, `what follows cannot be read: ${reason}`)
    // Which host it asks is not known: it may be one with rules.
    if (session.host === null && reason !== 'not-http')
      return this.refuse(offer, session, `it cannot be read: ${reason}`)
    this.parts.free(offer)
    return null
  }

  private refuse(offer: TlsOffer, session: Offered, why: string): string {
    this.parts.refused(offer, session.host ?? '', why)
    return why
  }

  private goOn(offer: TlsOffer, session: Offered, size: number): void {
    if (offer.allowed) return
    if (session.ruled) {
      this.grant(offer, session)
      if (!session.asks) this.parts.asks(offer)
      session.asks = true
    }
    // Where it goes is known, or nothing of it is to wait.
    if (session.host !== null || size === 0) session.owed = 0
    this.decided(this.grantsOf(offer))
    this.held.goOn(offer)
    // Nobody waits for it.
    if (session.host !== null) this.parts.learn(session.host)
  }

  /** It stays undecided: nothing of what it has sent leaves any more. */
  private end(offer: TlsOffer): void {
    const refused = this.refusals.get(offer.execId) ?? []
    if (!offer.allowed) this.refusals.set(offer.execId, [...refused, offer])
    this.parts.endUngranted(offer.family)
    this.held.end(offer)
  }

  /** For connections to the port that the host was named with, and no other. */
  private grant({ family }: TlsOffer, { host, owed }: Offered): void {
    const grants = this.grantsOf({ family: familyOn(splitHost(host ?? '').port, family) })
    grants.granted += BigInt(owed)
    this.parts.grants.set(grants.family, encodeGrants(grants))
  }

  private decided(grants: Grants): void {
    grants.decided = (grants.decided + 1) >>> 0
    this.parts.grants.set(grants.family, encodeGrants(grants))
  }

  private grantsOf({ family }: Pick<TlsOffer, 'family'>): Grants {
    const key = family.toString('latin1')
    const known = this.families.get(key) ?? this.earlierGrants(family)
    this.families.delete(key)
    this.families.set(key, known)
    if (this.families.size > FAMILIES) this.families.delete(this.families.keys().next().value ?? '')
    return known
  }

  private earlierGrants(family: Buffer): Grants {
    const value = this.parts.grants.get(family)
    if (value === undefined) return { family, granted: 0n, decided: 0 }
    return { family, granted: value.readBigUInt64LE(0), decided: value.readUInt32LE(8) }
  }
}

export function encodeGrants({ granted, decided }: Omit<Grants, 'family'>): Buffer {
  const value = Buffer.alloc(GRANTS_BYTES)
  value.writeBigUInt64LE(granted, 0)
  value.writeUInt32LE(decided, 8)
  return value
}

/** struct https_key of bpf/include/https_state.h, of what is granted on a port. */
function familyOn(port: number, family: Buffer): Buffer {
  if (port === 443) return family
  const other = Buffer.from(family)
  other.writeUInt32LE(port, 12)
  return other
}

/** Copied only where there is more than one. */
function joined(parts: readonly Buffer[]): Buffer {
  const [first, ...others] = parts.filter(({ length }) => length > 0)
  return first !== undefined && others.length === 0 ? first : Buffer.concat(parts)
}

/** What is shown of a write before anything of it is not. */
function shown(parts: readonly Part[]): Buffer[] {
  const cut = parts.findIndex(({ data, size }) => size > data.length)
  return parts.slice(0, cut < 0 ? parts.length : cut + 1).map(({ data }) => data)
}
