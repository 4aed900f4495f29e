import { isDots, mayBeCut, withoutPlainEscapes } from '../https-path.ts'

/** Where a GitHub is: github.com, or an Enterprise server. Names in lower case, with a port other than 443. */
export interface GithubHosts {
  /** Host of the REST and GraphQL API. */
  api: string
  /** What stands before every path of the API: empty, or `/api/v3` on an Enterprise server. */
  apiPath: string
  /** Host of repositories by git and in the browser. */
  server: string
  /** Host of uploads (release assets), and what stands before its paths. */
  uploads: string
  uploadsPath: string
}

export const githubCom: GithubHosts = {
  api: 'api.github.com',
  apiPath: '',
  server: 'github.com',
  uploads: 'uploads.github.com',
  uploadsPath: '',
}

/** The hosts by what a runner has in GITHUB_API_URL and GITHUB_SERVER_URL; github.com where they say nothing. */
export function githubHosts(environment: {
  GITHUB_API_URL?: string | undefined
  GITHUB_SERVER_URL?: string | undefined
}): GithubHosts {
  const api = URL.parse(environment.GITHUB_API_URL ?? '')
  const server = URL.parse(environment.GITHUB_SERVER_URL ?? '')
  if (api === null || api.host === githubCom.api) return githubCom
  // Enterprise Cloud with data residence has api.NAME.ghe.com, an Enterprise server HOST/api/v3.
  const apart = api.host.startsWith('api.')
  return {
    api: api.host,
    apiPath: api.pathname.replace(/\/+$/, ''),
    server: server?.host ?? api.host.replace(/^api\./, ''),
    uploads: apart ? api.host.replace(/^api\./, 'uploads.') : api.host,
    uploadsPath: apart ? '' : '/api/uploads',
  }
}

/** A request to GitHub, by what it is. */
export interface GithubCall {
  kind: 'rest' | 'graphql' | 'git' | 'upload' | 'packages' | 'oidc' | 'models'
  method: string
  /** Of the API, without what stands before it. */
  path: string
  /** The repository that the path names, `owner/name` in lower case; null: it names none. */
  repository: string | null
  /**
   * Why nobody can tell which repository it is about: the path has its `number`, or can be read in more than one `way`. Null:
   * `repository` says it.
   */
  hidden: 'number' | 'way' | null
  /** Of GraphQL: the fields of a mutation; null: it is none, or not known. */
  mutations: readonly string[] | null
  /** It changes something there. Null: can't be told (GraphQL). */
  writes: boolean | null
}

export interface Request {
  method: string
  host: string
  path: string
  /** Of git's first request, which has nothing else that says whether it pushes. */
  gitService?: string | undefined
  mutations?: readonly string[] | null
  /** Of a GraphQL mutation: the repositories that it names, in lower case. */
  repositories?: readonly string[]
}

const reading = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Paths of the API that take a POST and change nothing. */
const harmlessPosts = /^\/(?:markdown(?:\/raw)?|applications\/[^/]+\/token|search\/.*)$/

/** What a request asks of GitHub; null: it is not for GitHub, or nothing that a token is for. */
export function githubCall(request: Request, hosts: GithubHosts = githubCom): GithubCall | null {
  const { method } = request
  const host = request.host.replace(/\.(?=:\d*$|$)/, '')
  // Most requests of a job are for others.
  if (!isGithub(host, hosts)) return null
  const path = withoutPlainEscapes(request.path).replaceAll(/\/{2,}/g, '/')
  const reads = reading.has(method)
  const call = (kind: GithubCall['kind'], more: Partial<GithubCall> = {}): GithubCall => ({
    kind,
    method,
    path,
    repository: null,
    hidden: null,
    mutations: null,
    writes: !reads,
    ...more,
  })
  const pushesOrWrites = !reads || request.gitService === 'git-receive-pack'
  if (pushesOrWrites && (mayBeCut(request.path) || hasWays(path, hosts.apiPath))) {
    const act = gitAct.exec(path)?.groups?.['act']
    if (host === hosts.server && act !== undefined)
      return call('git', { hidden: 'way', writes: pushes(act, request) })
    if (host === hosts.api || host === hosts.uploads) return call('rest', { hidden: 'way' })
  }
  if (host === hosts.uploads && path.startsWith(`${hosts.uploadsPath}/repos`)) {
    const inside = path.slice(hosts.uploadsPath.length)
    if (/^\/repos(?:itories)?\//.test(inside))
      return call('upload', { path: inside, ...repositoryOf(inside) })
  }
  if (host === hosts.api && /^\/(?:api\/)?graphql$/.test(path))
    return call('graphql', {
      path: '/graphql',
      repository: request.repositories?.length === 1 ? (request.repositories[0] ?? null) : null,
      mutations: request.mutations ?? null,
      writes: request.mutations ? true : null,
    })
  if (host === hosts.api && path.startsWith(`${hosts.apiPath}/`)) {
    const inside = path.slice(hosts.apiPath.length)
    return call('rest', {
      path: inside,
      ...repositoryOf(inside),
      writes: !reads && !(method === 'POST' && harmlessPosts.test(inside)),
    })
  }
  if (host === hosts.server) {
    const git = gitPath.exec(path)?.groups
    if (git === undefined) return null
    return call('git', {
      repository: `${git['owner']}/${git['name']}`.toLowerCase(),
      writes: pushes(git['act'] ?? '', request),
    })
  }
  if (host === `gist.${hosts.server}`) {
    const git = gistPath.exec(path)?.groups
    if (git === undefined) return null
    return call('git', {
      repository: `gist/${git['id']}`.toLowerCase(),
      writes: pushes(git['act'] ?? '', request),
    })
  }
  if (host === 'ghcr.io' || host.endsWith('.pkg.github.com')) return call('packages')
  if (host === 'models.github.ai') return call('models', { writes: false })
  if (host.endsWith('.actions.githubusercontent.com') && path.endsWith('/idtoken'))
    return call('oidc', { writes: false })
  return null
}

function isGithub(host: string, { api, server, uploads }: GithubHosts): boolean {
  return (
    host === api ||
    host === server ||
    host === `gist.${server}` ||
    host === uploads ||
    host === 'ghcr.io' ||
    host === 'models.github.ai' ||
    host.endsWith('.pkg.github.com') ||
    host.endsWith('.actions.githubusercontent.com')
  )
}

const gitAct =
  /\/(?<act>info\/refs|git-upload-pack|git-receive-pack|info\/lfs\/locks|info\/lfs\/objects\/batch)$/
const gitPath = new RegExp(`^/(?<owner>[^/]+)/(?<name>[^/]+?)(?:\\.git)?${gitAct.source}`)

/** A gist is a repository, too: of nobody's job. */
const gistPath = new RegExp(`^/(?:[^/]+/)?(?<id>[^/]+?)(?:\\.git)?${gitAct.source}`)

function pushes(act: string, { method, gitService }: Request): boolean {
  return (
    act === 'git-receive-pack' ||
    gitService === 'git-receive-pack' ||
    (act === 'info/lfs/locks' && !reading.has(method))
  )
}

/**
 * Whether servers could take a path for one of another repository. Escaped slashes behind the repository's name are of the names of
 * files and branches.
 * @param before what stands before the paths of the API
 */
function hasWays(path: string, before: string): boolean {
  if (!/[#%\\]|\/\.{1,2}(?:[/;]|$)/.test(path)) return false
  let whole = path
  // Once more than most would undo.
  for (let i = 0; i < 3; i++)
    whole = whole.replaceAll(/%(?:2[5ef]|5c|3b)/gi, (escape) => decodeURIComponent(escape))
  const segments = whole
    .replaceAll('\\', '/')
    .replaceAll(/\/{2,}/g, '/')
    .split('/')
  const head = segments.slice(0, before.split('/').length + 3).join('/')
  return path.includes('#') || segments.some(isDots) || !`${path}/`.startsWith(`${head}/`)
}

function repositoryOf(path: string): Pick<GithubCall, 'repository' | 'hidden'> {
  const [, owner, name] = /^\/repos\/([^/]+)\/([^/]+)(?:\/|$)/.exec(path) ?? []
  if (owner === undefined || name === undefined)
    return { repository: null, hidden: path.startsWith('/repositories/') ? 'number' : null }
  return { repository: `${owner}/${name}`.toLowerCase(), hidden: null }
}
