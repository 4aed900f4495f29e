import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { BlobStore } from './blob-store.ts'
import { sendJson } from './body.ts'
import { OidcIssuer } from './oidc.ts'
import { type Artifact, type GitHubJob, Results } from './results.ts'

export interface GitHubRepository {
  /** By commit, then by path. */
  commits?: Readonly<Record<string, Readonly<Record<string, string | Buffer>>>>
  /** Custom properties. */
  properties?: Readonly<Record<string, string | null>>
  /** Commits of its branches, the newest first; the first branch is the default. */
  branches?: Readonly<Record<string, readonly string[]>>
  /** Commits by tag. */
  tags?: Readonly<Record<string, string>>
}

export interface GitHubOptions {
  /** By `owner/name`. */
  repositories?: Readonly<Record<string, GitHubRepository>>
  /** Where it listens; default 127.0.0.1 and a free port. */
  listen?: readonly { address: string; port: number }[]
  /** PEM; without one it speaks plain HTTP. */
  tls?: { cert: string; key: string }
  /** What the addresses of its parts begin with, without a slash at their ends; default: where it listens. */
  origins?: Partial<Record<'api' | 'results' | 'blobs' | 'oidc', string>>
}

/** A request that arrived. */
export interface GitHubRequest {
  method: string
  host: string
  path: string
  authorization: string | null
}

/** What happens to a request instead of its answer. */
export type Fault =
  | { status: number; headers?: Record<string, string>; body?: string }
  /** The connection ends. */
  | 'reset'
  /** There is no answer. */
  | 'silence'
  /** It is carried out, and the connection ends before its answer. */
  | 'lost'

/**
 * A GitHub of which actions see: results service (artifacts, caches), blob store, OIDC tokens, contents and custom
 * properties. One server for all names: what is asked for is in the path.
 */
export class GitHub implements AsyncDisposable {
  /** A token that may read everything here. */
  readonly token = `ghs_${randomBytes(18).toString('hex')}`
  readonly requests: GitHubRequest[] = []
  readonly #results: Results
  readonly #blobs = new BlobStore()
  readonly #issuer = new OidcIssuer()
  readonly #faults: { part: string; fault: Fault }[] = []
  readonly #options: GitHubOptions
  readonly #servers: readonly Server[]

  private constructor(options: GitHubOptions) {
    this.#options = options
    this.#results = new Results(this.#blobs, () => options.origins?.blobs ?? this.url)
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#answer(request, response).catch(() => response.destroy())
    const { tls } = options
    this.#servers = (options.listen ?? [{ address: '127.0.0.1', port: 0 }]).map(
      ({ address, port }) => {
        const server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer)
        return server.listen(port, address)
      },
    )
  }

  static async start(options: GitHubOptions = {}): Promise<GitHub> {
    const github = new GitHub(options)
    await Promise.all(github.#servers.map((server) => once(server, 'listening')))
    return github
  }

  /** Where it listens first, without a slash at its end. */
  get url(): string {
    const { address, port } = (this.#servers[0]?.address() ?? {}) as AddressInfo
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${address}:${port}`
  }

  get artifacts(): Artifact[] {
    return this.#results.artifacts
  }

  get cacheKeys(): readonly string[] {
    return this.#results.cacheKeys
  }

  /** A job, by which its tokens are told apart. */
  addJob(run?: string): GitHubJob {
    return this.#results.addJob(run)
  }

  /** What a runner gives the actions of a job. */
  services({ token, run }: GitHubJob): Record<string, string> {
    const { results = this.url, oidc = this.url } = this.#options.origins ?? {}
    return {
      ACTIONS_RESULTS_URL: `${results}/`,
      ACTIONS_RUNTIME_URL: `${results}/`,
      ACTIONS_RUNTIME_TOKEN: token,
      ACTIONS_CACHE_SERVICE_V2: 'True',
      ACTIONS_ID_TOKEN_REQUEST_URL: `${oidc}/idtoken/${run}?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: token,
    }
  }

  /** The next requests whose path has this part go wrong, one for each fault. */
  fail(part: string, ...faults: Fault[]): void {
    this.#faults.push(...faults.map((fault) => ({ part, fault })))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#servers.map(async (server) => {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      }),
    )
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url)
    this.requests.push({
      method: request.method ?? '',
      host: request.headers.host ?? '',
      path: url.pathname + url.search,
      authorization: request.headers.authorization ?? null,
    })
    const at = this.#faults.findIndex(({ part }) => url.href.includes(part))
    const fault = at < 0 ? undefined : this.#faults.splice(at, 1)[0]?.fault
    if (fault === 'silence') return
    if (fault === 'reset') return void request.socket.destroy()
    if (fault === 'lost') response.end = () => response.destroy()
    else if (fault !== undefined) {
      response.writeHead(fault.status, fault.headers)
      return void response.end(fault.body)
    }
    const { pathname } = url
    if (pathname.startsWith('/twirp/')) return this.#results.serve(url, request, response)
    if (/^\/actions-(results|cache)\//.test(pathname))
      return this.#blobs.serve(url, request, response)
    if (pathname.startsWith('/idtoken/')) return this.#idToken(url, request, response)
    if (pathname === '/.well-known/jwks') return sendJson(response, 200, this.#issuer.keys)
    if (pathname === '/.well-known/openid-configuration') {
      const issuer = this.#issuerUrl
      return sendJson(response, 200, { issuer, jwks_uri: `${issuer}/.well-known/jwks` })
    }
    return this.#api(url, request, response)
  }

  get #issuerUrl(): string {
    return this.#options.origins?.oidc ?? this.url
  }

  #idToken(url: URL, { headers }: IncomingMessage, response: ServerResponse): void {
    if (!/^Bearer \S+$/.test(headers.authorization ?? '')) return sendJson(response, 401, {})
    const [repository = 'acme/widgets'] = Object.keys(this.#options.repositories ?? {})
    const value = this.#issuer.issue(this.#issuerUrl, url.searchParams.get('audience') ?? '', {
      sub: `repo:${repository}:ref:refs/heads/main`,
      repository,
      repository_owner: repository.split('/')[0] ?? '',
      repository_owner_id: '1000',
      run_attempt: '1',
      // A number at GitHub; here runs have other names where a test gives none.
      run_id: /\d+$/.exec(url.pathname)?.[0] ?? '1',
    })
    sendJson(response, 200, { value })
  }

  /** REST: contents, custom properties, branches and tags. */
  #api(url: URL, { headers }: IncomingMessage, response: ServerResponse): void {
    const say = (status: number, message: string): void => sendJson(response, status, { message })
    if (headers.authorization !== `Bearer ${this.token}`) return say(401, 'Bad credentials')
    const [, owner, name, rest = ''] =
      /^\/repos\/([^/]+)\/([^/]+)(?:\/(.*))?$/.exec(url.pathname) ?? []
    const repository = this.#options.repositories?.[`${owner}/${name}`]
    if (repository === undefined) return say(404, 'Not Found')
    if (rest === 'properties/values') {
      const values = Object.entries(repository.properties ?? {})
      return sendJson(
        response,
        200,
        values.map(([property, value]) => ({ property_name: property, value })),
      )
    }
    const history = historyOf(repository, rest)
    if (history !== undefined)
      return history === null ? say(404, 'Not Found') : sendJson(response, 200, history)
    const path = decodeURIComponent(rest.replace(/^contents\//, ''))
    const files = repository.commits?.[url.searchParams.get('ref') ?? ''] ?? {}
    const content = files[path]
    if (content !== undefined) {
      response.setHeader('content-type', 'application/vnd.github.raw+json; charset=utf-8')
      return void response.end(content)
    }
    const inside = Object.keys(files).filter((file) => file.startsWith(`${path}/`))
    if (inside.length === 0) return say(404, 'Not Found')
    sendJson(
      response,
      200,
      inside.map((file) => ({ type: 'file', path: file })),
    )
  }
}

/** Branches, tags and what leads to a commit; null: nothing is there; undefined: something else was asked for. */
function historyOf({ branches = {}, tags = {} }: GitHubRepository, path: string): unknown {
  if (path === '') return { default_branch: Object.keys(branches)[0] ?? 'main' }
  if (path === 'branches')
    return Object.entries(branches).map(([name, [head]]) => ({ name, commit: { sha: head } }))
  if (path === 'tags') return Object.entries(tags).map(([name, sha]) => ({ name, commit: { sha } }))
  if (path === 'git/matching-refs/tags')
    return Object.entries(tags).map(([name, sha]) => ({
      ref: `refs/tags/${name}`,
      object: { sha },
    }))
  const [, commit] = /^commits\/([\da-f]+)\/branches-where-head$/.exec(path) ?? []
  if (commit !== undefined)
    return Object.entries(branches).flatMap(([name, [head]]) => (head === commit ? { name } : []))
  const [, base, head = ''] = /^compare\/(.+)\.\.\.([\da-f]+)$/.exec(path) ?? []
  if (base === undefined) return undefined
  const commits = branches[decodeURIComponent(base)]
  if (commits === undefined) return null
  // Of a fork's commit GitHub says how far it has gone from there, as of one of another branch.
  const status = commits[0] === head ? 'identical' : commits.includes(head) ? 'behind' : 'diverged'
  return { status }
}
