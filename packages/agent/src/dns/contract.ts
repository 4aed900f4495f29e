import type { Verdict } from '@runwarden/events'
import type { Address } from './address.ts'
import type { Query } from './query.ts'

/** A DNS server as it was asked. */
export interface DnsServer {
  address: Address
  /** Text of the address, with its zone (`%eth0`) when it is a link-local one. */
  host: string
  port: number
}

/** The process behind a query, and the server that it asked before the kernel redirected it here. */
export interface DnsClient {
  /** Process id and start time (ns since boot); null when the kernel side could not tell. */
  process: { tgid: number; start: bigint } | null
  server: DnsServer
}

/**
 * What is known of a server that was asked. `trusted`: a resolver of this machine, or one that policy
 * names; what it answers is learned. `here`: an address of this machine, as container engines' resolvers
 * have; it may be anybody's. `strange`: all others.
 */
export type Standing = 'trusted' | 'here' | 'strange'

/** Finds out who sends from an address and port of a network namespace (see Place); null: nobody of this scope. */
export interface ClientLookup {
  find(protocol: 'udp' | 'tcp', host: string, port: number, netns: number): DnsClient | null
  /** Whether a process is one that a policy line is narrowed to, by the line's number. */
  fulfils(process: NonNullable<DnsClient['process']>, narrowing: number): boolean
}

/** What a name or address may be used for: destination ports of a protocol, and the index of the rule that says so. */
export interface NameGrant {
  protocol: 'tcp' | 'udp' | 'any'
  portFrom: number
  portTo: number
  rule: number
  /** Connections are bound to no name by the rule. */
  unchecked?: boolean
  /** Number of what the rule's line is narrowed to; 0 and left out: it is for everybody. */
  narrowing?: number
}

/** Takes the addresses that an allowed name led to, so that the kernel lets connections to them pass. */
export interface Learner {
  /**
   * Is in force when it returns. `ttl` in seconds; `aliases` are the other names of the answer's chain.
   * False when it could not be kept.
   */
  learn(
    name: string,
    address: Address,
    ttl: number,
    grants: readonly NameGrant[],
    aliases: readonly string[],
  ): boolean
  /** A name that policy does not allow led to the address. */
  share(address: Address, ttl: number): void
  /** Is the address granted by some name now? */
  has(address: Address): boolean
}

/** The part of a compiled policy that DNS needs. */
export interface NamePolicy {
  readonly egress: 'audit' | 'block'
  /** The block-list entry that lists the name, if any. */
  blocked(name: string): { reason: string; rule: string } | null
  grants(name: string): readonly NameGrant[]
  /** Text of a rule, with its place. */
  rule(index: number): string
  /** Why a rule whose line is narrowed does not allow something. */
  narrowed(index: number): string
  /** What policy allows everybody to use an address itself for, by lines that name it or its block. */
  addressGrants(address: Address): readonly NameGrant[]
}

/** A query under way to an upstream. */
export interface Exchange {
  /** Sends it once more: its client has asked again. */
  again(): void
}

/** Where the proxy listens: in its own network namespace, or in another in which processes of the scope are. */
export interface Place {
  /** Low half of the namespace's cookie; 0: the proxy's own. */
  netns: number
  /** Asks from the proxy's own namespace, over UDP. */
  upstream: Upstream
  /** Asks from that namespace; null in the proxy's own. */
  nearby: Upstream | null
}

/** An address to bind a socket to, or a socket that is bound already. */
export type Seat = { host: string; port: number } | { fd: number; host: string }

/** The upstream's answer, or what went wrong with it. */
export type Outcome = { answer: Buffer } | { failure: string }

/** Sends queries to servers; calls back exactly once for each. */
export interface Upstream {
  ask(query: Query, server: DnsServer, done: (outcome: Outcome) => void): Exchange
}

/** One query, as it is told to the agent. */
export interface DnsQueryRecord {
  /** When it came in, milliseconds since the epoch. */
  time: number
  process: { tgid: number; start: bigint } | null
  /** Lower case, without trailing dot; bytes that no host name holds are escaped (RFC 1035 §5.1). */
  name: string
  type: string
  server: string
  serverPort: number
  protocol: 'udp' | 'tcp'
  verdict: Verdict
  reason: string
  rule: string | null
  rcode: string | null
  addresses: string[]
  cnames: string[]
}

/** Counters since the start. */
export interface DnsStats {
  queries: number
  forwarded: number
  /** Refused by policy or block list. */
  refused: number
  /** Answered SERVFAIL: the upstream failed, or too many queries were under way. */
  failed: number
  /** Messages of senders that are no process of the scope. */
  unknownClients: number
  /** Messages that were no query. */
  malformed: number
  /** Messages from upstream that answered nothing that was asked. */
  unsolicited: number
  learned: number
  notLearned: number
  /** Records of queries that could not be kept for the agent. */
  recordsLost: number
  inFlight: number
}

/** Bounds and time-outs. */
export interface DnsLimits {
  /** Queries under way; beyond, SERVFAIL. */
  inFlight: number
  /** An upstream that has not answered by then fails the query: as long as resolvers' clients wait (ms). */
  upstreamTimeout: number
  /** TCP connections of clients; beyond, new ones are closed. */
  connections: number
  /** Queries under way of one TCP connection; beyond, it is not read from. */
  pipelined: number
  /** A TCP connection without a query is closed (ms; RFC 7766 §6.2.3 asks for a few seconds). */
  idle: number
  /**
   * Least and longest time that an answer grants its addresses, seconds. Clients keep addresses longer
   * than a TTL of 0 or 5 says, and try again on them; no name should stay open for the rest of a week.
   */
  grantAtLeast: number
  grantAtMost: number
  /** UDP sockets to one upstream: a query uses one at random. */
  socketsPerServer: number
  /** Upstreams that sockets are kept for. */
  servers: number
}

export const DEFAULT_LIMITS: DnsLimits = {
  inFlight: 4096,
  upstreamTimeout: 5000,
  connections: 256,
  pipelined: 128,
  idle: 10_000,
  grantAtLeast: 60,
  grantAtMost: 86_400,
  socketsPerServer: 8,
  servers: 32,
}
