import type { Actor, CompiledPolicy } from '@runwarden/policy'
import { execId } from '@runwarden/sensor'
import type { ConnectFields } from '@runwarden/sensor/connect'
import type { AnsweredNames } from './answered-names.ts'
import type { DnsQueryRecord } from './dns/contract.ts'
import type { CountedAttempts } from './enforce/attempts.ts'
import type { Flow } from './enforce/flows.ts'
import type { EventBody } from './event-stream.ts'
import type { ContentTeller } from './https/tell.ts'
import type { InStep, ProcessTable } from './process-table.ts'
import { whyNotMeant } from './programs.ts'
import { type About, addressText, explainDecision, protocolWord } from './wording.ts'

/** What every event says of a process. */
export interface Who extends InStep {
  forkOf?: string
}

/** What every event says. */
export interface EventHead extends Who {
  time: number
  execId: string | null
}

export interface ConnectionParts {
  processes: ProcessTable
  names: AnsweredNames
  /** A learned name by the kernel's id of it. */
  learnedName: (id: number) => string | null
  /** Takes what the DNS thread has told so far. */
  drainDns: () => void
  /** Has something told now: that one thing can't be told keeps nothing else back. */
  telling: (tell: () => void) => void
  /** As that, as soon as nothing is being handed over. */
  later: (tell: () => void) => void
}

/** What the narrator does for all that is told. */
interface Voice {
  /** The policy whose lines are named. */
  compiled: () => CompiledPolicy
  /** What TLS libraries sent and received is told there. */
  https: Pick<ContentTeller, 'connects' | 'flow'>
  /** Takes what was told of a process so far. @returns false: its beginning may be missing, and cannot be taken now */
  know: (id: string) => boolean
  stepOf: (id: string | null) => string | null
  who: (id: string | null) => Who
  /** @param at CLOCK_BOOTTIME, ns */
  head: (at: { time: number; execId: string | null }) => EventHead
  tell: (body: EventBody) => void
}

/** What a connect record and a count of attempts have in common. */
type Attempt = Omit<ConnectFields, 'cookie' | 'socketType'> & {
  time: number
  tgid: number
  execId: string
}

/** Ends of flows whose beginning is remembered: beyond, the longest known are forgotten. */
const begunKept = 8192

/** Names of one end that are told once: beyond, each connection tells its own. */
const saidAtMost = 256

/** What is remembered of how a flow began. */
interface Begun {
  execId: string | null
  /** The name at that time; null: none led there. */
  host: string | null
  who: Who
  /** What its connections have said otherwise. */
  said: Set<string | null>
}

function endOf(
  { tgid, port, protocol }: { tgid: number; port: number; protocol: number },
  address: string,
): string {
  return `${tgid} ${address} ${port} ${protocol}`
}

/** Reasons of connections that are held to no name: what one says first is told behind its connect. */
const unheld = new Set<Attempt['reason']>(['no-rule', 'address', 'name', 'live-flow'])

/** Whether it is no attempt, but what a connection says that passed: null where that is hidden. */
export function isSaid({
  reason,
  said,
  verdict,
}: Pick<Attempt, 'reason' | 'said' | 'verdict'>): boolean {
  const passed = verdict === 'allowed' || verdict === 'would-block'
  return said !== null && passed && unheld.has(reason)
}

/** The name that a refused connection asked for, where that is why it was refused. */
function saidName({ reason, said }: Attempt): string | null {
  return reason === 'server-name' || reason === 'block-list' ? (said?.name ?? null) : null
}

/** Makes events of what reaches for the network: attempts, flows and queries for names, with the names that led there. */
export class ConnectionTeller {
  private readonly parts: ConnectionParts
  private readonly voice: Voice
  /** Of the last attempt, by process and destination. */
  private readonly begun = new Map<string, Begun>()
  /** Those that are not told yet. */
  private readonly queries: DnsQueryRecord[] = []
  private areLater = false

  constructor(parts: ConnectionParts, voice: Voice) {
    this.parts = parts
    this.voice = voice
  }

  /** Attempts alike that were counted instead of told. */
  counted(attempts: readonly CountedAttempts[]): void {
    for (const attempt of attempts) {
      this.attempt({
        ...attempt,
        said: null,
        time: Number(attempt.time),
        execId: execId(attempt.tgid, attempt.start),
      })
    }
  }

  flow(flow: Flow): void {
    const address = addressText(flow)
    const id = flow.tgid === 0 ? null : execId(flow.tgid, flow.start)
    const begun = this.begun.get(endOf(flow, address))
    // The name that led to a flow is that of its beginning: others may have led to the address since.
    const before = begun === undefined ? this.parts.names.nameOf(address) : begun.host
    const host = this.parts.learnedName(flow.name) ?? before
    const protocol = protocolWord(flow.protocol)
    const { verdict, port, bytes: bytesOut, packets: packetsOut } = flow
    const time = Number(flow.last)
    const head = this.voice.head({ time, execId: id })
    // Flows are told at the end: there may have been so many processes since that this one is not known any more.
    const isForgotten = head.step === null && begun !== undefined && begun.execId === id
    const began = isForgotten ? begun.who : undefined
    this.voice.tell({
      kind: 'net.flow',
      ...head,
      ...began,
      verdict,
      ...explainDecision(this.voice.compiled(), flow, { host, ...this.actor(id) }),
      host,
      address,
      port,
      protocol,
      bytesOut,
      packetsOut,
    })
    if (id === null) return
    const { sockets, tls } = flow
    const names = this.parts.names.namesOf(address)
    this.voice.https.flow({
      execId: id,
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
    })
  }

  /**
   * Names that were asked for. To know who asked brings what the sensor has: a connection in that, which may be of a later step, is
   * told behind what was asked before it.
   */
  asked(queries: readonly DnsQueryRecord[]): void {
    for (const query of queries) this.queries.push(query)
    this.tellAsked()
  }

  private tellAsked(): void {
    for (let query = this.queries[0]; query !== undefined; query = this.queries[0]) {
      const { process } = query
      const id = process === null ? null : execId(process.tgid, process.start)
      const isKnown = id === null || this.voice.know(id)
      // What that brought has told it.
      if (this.queries[0] !== query) continue
      // Names are asked for while records are handed over; who asked may be in one of those that follow.
      if (!isKnown) return this.tellLater()
      this.queries.shift()
      const asked = query
      this.parts.telling(() => this.tellQuery(asked, id))
    }
  }

  private tellLater(): void {
    if (this.areLater) return
    this.areLater = true
    this.parts.later(() => {
      this.areLater = false
      this.tellAsked()
    })
  }

  private tellQuery(query: DnsQueryRecord, id: string | null): void {
    const {
      name,
      type,
      server,
      serverPort,
      protocol,
      verdict,
      reason,
      rule,
      rcode,
      addresses,
      cnames,
    } = query
    this.voice.tell({
      kind: 'dns.query',
      ...this.voice.who(id),
      time: query.time,
      execId: id,
      name,
      type,
      server,
      serverPort,
      protocol,
      verdict,
      reason: verdict === 'allowed' ? reason : reason + this.whyNotMeant(rule, id),
      rule,
      rcode,
      addresses,
      cnames,
    })
  }

  private explain(
    attempt: Attempt,
    about: Pick<About, 'host' | 'opener'>,
    id: string | null,
  ): ReturnType<typeof explainDecision> {
    const by = this.actor(id)
    const explained = explainDecision(this.voice.compiled(), attempt, { ...about, ...by })
    if (attempt.verdict !== 'blocked' && attempt.verdict !== 'would-block') return explained
    return { ...explained, reason: explained.reason + this.whyNotMeant(attempt.rule, id) }
  }

  private whyNotMeant(rule: number | string | null, id: string | null): string {
    if (rule === null || id === null) return ''
    return whyNotMeant(this.voice.compiled(), rule, this.actor(id))
  }

  private actor(id: string | null): Actor {
    if (id === null) return {}
    return { exe: this.parts.processes.get(id)?.exe, step: this.voice.stepOf(id) }
  }

  attempt(attempt: Attempt): void {
    const address = addressText(attempt)
    const known = attempt.execId.startsWith('0-') ? null : attempt.execId
    if (known !== null) this.voice.know(known)
    // An answer is told before it is sent: the name that led here is there by now, if there is one.
    this.parts.drainDns()
    this.tellAsked()
    const opener = this.parts.learnedName(attempt.name)
    let host = saidName(attempt) ?? opener
    // What hides its name may be meant for any: that passed, and is told by its address.
    const hides = attempt.said !== null && attempt.verdict === 'would-block'
    if (host === null && address !== '' && !hides) host = this.parts.names.nameOf(address)
    const said = isSaid(attempt)
    if (said) {
      host = attempt.said?.name ?? null
      if (!this.isNews(attempt, address, host)) return
    } else this.keep(attempt, address, { execId: known, host, who: this.voice.who(known) })
    const passed = attempt.verdict === 'allowed' || attempt.verdict === 'would-block'
    if (!said && known !== null && passed && protocolWord(attempt.protocol) === 'tcp')
      this.voice.https.connects(known, host, address, attempt.port)
    this.voice.tell({
      kind: 'net.connect',
      ...this.voice.head({ time: attempt.time, execId: known }),
      verdict: attempt.verdict,
      ...this.explain(attempt, { host, opener }, known),
      host,
      address,
      port: attempt.port,
      protocol: protocolWord(attempt.protocol),
      via: attempt.via,
      count: attempt.count,
    })
  }

  /** Whether nobody was told yet that a process has said that name there. */
  private isNews(attempt: Attempt, address: string, host: string | null): boolean {
    const begun = this.begun.get(endOf(attempt, address))
    if (begun === undefined) return true
    if (begun.host === host || begun.said.has(host)) return false
    if (begun.said.size < saidAtMost) begun.said.add(host)
    return true
  }

  private keep(attempt: Attempt, address: string, begun: Omit<Begun, 'said'>): void {
    const end = endOf(attempt, address)
    const before = this.begun.get(end)
    const said = before?.execId === begun.execId ? before.said : new Set<string | null>()
    // The name that was told before is told of.
    if (before?.execId === begun.execId) said.add(before.host)
    this.begun.delete(end)
    this.begun.set(end, { ...begun, said })
    if (this.begun.size <= begunKept) return
    const oldest = this.begun.keys().next()
    if (oldest.done !== true) this.begun.delete(oldest.value)
  }
}
