import type { EventOf, GithubFacts, ReportHttp, ReportOpaque } from '@runwarden/events'
import {
  githubCall,
  type GithubHosts,
  githubHosts,
  MinimumPermissions,
  type TokenCall,
  type TokenKind,
} from '@runwarden/policy/github'
import type { Limits } from '../limits.ts'
import { counted } from '../wording.ts'
import { Fold } from './fold.ts'

/** Calls with a token, which may be GitHub's: whose hosts they are is known at the end. */
interface TokenRequest {
  method: string
  host: string
  path: string
  gitService: string | undefined
  mutations: readonly string[] | null
  repositories: readonly string[]
  token: TokenKind
  count: number
  execIds: Set<string>
}

/** What the job's token needs, as far as its calls were read. */
export interface TokenNeeds {
  /** Null: no content was read that could tell. */
  minimumPermissions: string | null
  tokenCalls: TokenCall[]
}

const PROCESSES = 8

/** Folds requests, their responses and what was not read. */
export class Requests {
  readonly http: Fold<ReportHttp>
  readonly opaque: Fold<ReportOpaque>
  readonly #tokens: Fold<TokenRequest>
  readonly #limits: Limits
  /** The entries of requests whose response has not come, by their event. */
  readonly #awaited = new Map<number, ReportHttp>()
  /** Calls of GraphQL, of which the response tells what they change, by their event. */
  readonly #graphql = new Map<number, { request: TokenRequest; execId: string | null }>()
  #repository: string | null = null
  #seen = false

  constructor(limits: Limits) {
    this.#limits = limits
    this.http = new Fold(limits.http)
    this.opaque = new Fold(limits.opaque)
    this.#tokens = new Fold(limits.requests)
  }

  request(event: EventOf<'http.request'>, text: (text: string) => string): ReportHttp | undefined {
    this.#seen = true
    const { verdict, scheme, step } = event
    const method = text(event.method)
    const host = text(event.host)
    const path = text(event.path)
    const key = [verdict, method, scheme, host, path, step].join('\0')
    const entry = this.http.entry(key, verdict, () => ({
      method,
      scheme,
      host,
      path,
      verdict,
      ...(verdict === 'allowed' ? {} : { reason: text(event.reason) }),
      step,
      count: 0,
      statuses: {},
      requestBytes: 0,
      responseBytes: 0,
      processes: [],
    }))
    this.#token(event, method, host, path)
    if (entry === undefined) return undefined
    entry.count += 1
    this.#awaited.set(event.seq, entry)
    if (this.#awaited.size > this.#limits.requests) {
      const oldest = this.#awaited.keys().next()
      if (oldest.done !== true) this.#awaited.delete(oldest.value)
    }
    return entry
  }

  response(event: EventOf<'http.response'>): void {
    const { request, status, requestBytes, responseBytes } = event
    this.#mutation(event)
    const entry = this.#awaited.get(request)
    if (entry === undefined) return
    this.#awaited.delete(request)
    entry.requestBytes += requestBytes
    entry.responseBytes += responseBytes
    if (status !== null) entry.statuses[status] = (entry.statuses[status] ?? 0) + 1
  }

  unread(event: EventOf<'http.opaque'>, exe: string): ReportOpaque | undefined {
    this.#seen = true
    const { host, reason, library, connections, bytesSent, bytesReceived } = event
    const entry = this.opaque.entry([exe, host, reason, library].join('\0'), 'opaque', () => ({
      exe,
      host,
      reason,
      library,
      connections: 0,
      bytesSent: 0,
      bytesReceived: 0,
      processes: [],
    }))
    if (entry === undefined) return undefined
    entry.connections += connections
    entry.bytesSent += bytesSent
    entry.bytesReceived += bytesReceived
    return entry
  }

  /** The job's repository, as a step was told it. */
  step({ repository }: EventOf<'step.start'>): void {
    this.#repository ??= repository
  }

  /** @param exeOf the program of a process */
  tokenNeeds(facts: GithubFacts, exeOf: (execId: string) => string): TokenNeeds {
    if (!this.#seen) return { minimumPermissions: null, tokenCalls: [] }
    const hosts = githubHosts({
      GITHUB_API_URL: facts.apiUrl ?? undefined,
      GITHUB_SERVER_URL: facts.serverUrl ?? undefined,
    })
    const repository = facts.repository ?? this.#repository
    const minimum = new MinimumPermissions(() => repository)
    let ofGithub = false
    for (const request of this.#tokens.values()) {
      const call = githubCall(request, hosts)
      if (call === null || request.count === 0) continue
      ofGithub = true
      minimum.add(call, request.token, request.count, [...request.execIds].map(exeOf))
    }
    const caveats = this.#caveats(hosts)
    if (ofGithub && repository === null)
      caveats.push("The job's repository is not known: calls of every repository count.")
    return { minimumPermissions: minimum.block(caveats), tokenCalls: minimum.calls() }
  }

  #token(event: EventOf<'http.request'>, method: string, host: string, path: string): void {
    const { authorization: token, execId, gitService } = event
    if (token === null) return
    const of = { method, host, path, gitService, token, mutations: null, repositories: [] }
    const request = this.#count(of, execId)
    if (request === undefined || !path.endsWith('/graphql')) return
    this.#graphql.set(event.seq, { request, execId })
    if (this.#graphql.size <= this.#limits.requests) return
    const oldest = this.#graphql.keys().next()
    if (oldest.done !== true) this.#graphql.delete(oldest.value)
  }

  /** A call of GraphQL is told by what it changes, once that is known. */
  #mutation({ request: seq, mutations, repositories = [] }: EventOf<'http.response'>): void {
    const known = this.#graphql.get(seq)
    this.#graphql.delete(seq)
    if (known === undefined || mutations === null) return
    if (this.#count({ ...known.request, mutations, repositories }, known.execId) !== undefined)
      known.request.count -= 1
  }

  #count(
    of: Omit<TokenRequest, 'count' | 'execIds'>,
    execId: string | null,
  ): TokenRequest | undefined {
    const { token, method, host, path, gitService, mutations, repositories } = of
    const key = [token, method, host, path, gitService, mutations, repositories].join('\0')
    const entry = this.#tokens.entry(key, 'token', () => ({
      ...of,
      count: 0,
      execIds: new Set(),
    }))
    if (entry === undefined) return undefined
    entry.count += 1
    if (execId !== null && entry.execIds.size < PROCESSES) entry.execIds.add(execId)
    return entry
  }

  /** Why calls may be missing. */
  #caveats(hosts: GithubHosts): string[] {
    const caveats: string[] = []
    const unread = this.opaque
      .values()
      .filter(({ host }) => host === hosts.api || host === hosts.server || host === hosts.uploads)
    const connections = unread.reduce((sum, one) => sum + one.connections, 0)
    if (connections > 0)
      caveats.push(
        `Not all was read: ${counted(connections, 'connection')} to ${hosts.server} stayed opaque, and may need more.`,
      )
    if (this.#tokens.left > 0)
      caveats.push(`Not all was kept: about ${this.#tokens.left} further calls may need more.`)
    return caveats
  }
}
