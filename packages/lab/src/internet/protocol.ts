import type { DnsQueryRecord, PacketRecord, ServerRecord, Service } from '../record.ts'

/**
 * What a lab and its internet side (a child process in its own network namespace) say to each
 * other: one JSON object a line. The first line is a `begin`; each later one asks, and is answered
 * by a line with the same id.
 */

export interface Begin {
  /** A process that holds the runner's namespaces. */
  runnerPid: number
  dnsConfig: string
  /** Record packets, and the DNS queries in them. */
  packets: boolean
}

export interface ServerPlan {
  server: string
  address: string
  port: number
  service: Service
  /** PEM; HTTPS only. */
  cert?: string
  key?: string
  /** HTTPS: offer HTTP/2, too. */
  http2?: boolean
  /** Serve the files under this folder over HTTP. */
  files?: string
  /** Serve the bare git repositories under this folder over HTTP. */
  git?: string
  /** Body for every HTTP request that no file answers; what a TCP server sends on connect. */
  greeting?: string
  /** TCP and UDP: send back what came. */
  echo?: boolean
}

export type Command =
  | { do: 'begin'; begin: Begin }
  | { do: 'serve'; plan: ServerPlan }
  | { do: 'dns'; config: string }
  | { do: 'flush' }
  | { do: 'records' }
  | { do: 'packets' }
  | { do: 'queries' }
  | { do: 'clear' }

export type Question = Command & { id: number }

/** Buffers travel as base64. */
export type OnWire<T> = { [K in keyof T]: T[K] extends Buffer ? string : T[K] }

export interface Answers {
  begin: true
  serve: true
  dns: true
  flush: true
  records: OnWire<ServerRecord>[]
  packets: OnWire<PacketRecord>[]
  queries: DnsQueryRecord[]
  clear: true
}

export type Answer = { id: number } & ({ ok: Answers[keyof Answers] } | { error: string })
