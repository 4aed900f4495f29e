import { GraphqlBody, isGraphql } from './graphql.ts'
import type { Authorization, GitService } from './kept-value.ts'
import type { OpaqueReason } from './undecodable.ts'

/** What is known of a request when its head is complete. */
export interface RequestHead {
  method: string
  scheme: 'http' | 'https'
  /** As the request names it, in lower case, without a dot at its end; a port other than the scheme's own stays. Empty: it names none. */
  host: string
  /** Without query. */
  path: string
  /** Of git's first request: what it is for. */
  gitService?: GitService
  version: '1.0' | '1.1' | '2'
  /** Null: the request has no `authorization` header. */
  authorization: Authorization | null
}

/** A request and what came of it. */
export interface Exchange {
  readonly head: RequestHead
  /** When the chunk that completed the head was sent, and the last one of it moved: CLOCK_BOOTTIME ns. */
  readonly time: number
  lastTime: number
  /** Of the event that told it; null: none has. */
  seq: number | null
  /** Of the final response; null: not seen. */
  status: number | null
  /** Of the bodies, as they went over the connection (compressed), without framing. */
  requestBytes: number
  responseBytes: number
  requestEnded: boolean
  responseEnded: boolean
  /** While it is sent: where it may say what is changed. */
  graphql: GraphqlBody | null
  /** Names of a GraphQL mutation's fields; null: it is none, or not known. */
  mutations: string[] | null
  /** Repositories that a GraphQL mutation names, `owner/name` in lower case. */
  repositories: string[]
}

/** Takes what a connection's decoder finds. */
export interface ExchangeSink {
  /** A request's head is complete. */
  request(exchange: Exchange): void
  /** Nothing more will be known of it. Told once for each. */
  response(exchange: Exchange): void
  /** A direction can't be followed: until further notice, or for good. */
  opaque(reason: OpaqueReason): void
}

export function exchangeOf(head: RequestHead, time: number): Exchange {
  return {
    head,
    time,
    lastTime: time,
    seq: null,
    status: null,
    requestBytes: 0,
    responseBytes: 0,
    requestEnded: false,
    responseEnded: false,
    graphql: isGraphql(head) ? new GraphqlBody() : null,
    mutations: null,
    repositories: [],
  }
}

const defaultPort = { http: '80', https: '443' } as const

/** A request's authority as `RequestHead` has it: one way to write it, of all that lead to the same host. */
export function hostOf(authority: string, scheme: 'http' | 'https'): string {
  // Credentials before an @ are no part of the name.
  const host = authority
    .slice(authority.lastIndexOf('@') + 1)
    .trim()
    .toLowerCase()
  const [, name = host, port = ''] = /^([^:]*|\[[^\]]*\]):0*(\d*)$/.exec(host) ?? []
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  return (port === '' || port === defaultPort[scheme] ? bare : `${bare}:${port}`).slice(0, 300)
}

/** A request is whole: what its body says is taken out of it. */
export function endRequest(exchange: Exchange): void {
  exchange.requestEnded = true
  exchange.mutations = exchange.graphql?.mutations() ?? null
  exchange.repositories = exchange.graphql?.repositories ?? []
  exchange.graphql = null
}

/** Nothing more is known of it: what is held for it is let go. */
export function endExchange(exchange: Exchange): void {
  exchange.graphql?.wipe()
  exchange.graphql = null
}
