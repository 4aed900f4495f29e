import { ask, isPrivateWay, type Reply, RequestError, retrying } from './http.ts'

/** What GitHub's API could not give, and why. */
export class GitHubApiError extends Error {
  readonly code = 'GITHUB_API'
  /** What to do, one sentence; may be empty. */
  readonly advice: string

  constructor(message: string, advice: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'GitHubApiError'
    this.advice = advice
  }
}

/** Largest file, bytes: a block list may be long. */
export const largestFile = 5 << 20
/** Of lists and comparisons, bytes. */
const largestAnswer = 4 << 20
const fileMs = 8000
const propertiesMs = 2000

/** Where a workflow's own files are. */
export interface WorkflowCommit {
  /** `owner/name` */
  repository: string
  /** A commit. */
  sha: string
}

/**
 * The repository and commit of the workflow that runs: of the one that was triggered, where it calls another.
 * @throws GitHubApiError when the runner does not say
 */
export function workflowCommit(env: NodeJS.ProcessEnv): WorkflowCommit {
  const [owner, name] = (env['GITHUB_WORKFLOW_REF'] ?? '').split('/')
  const own = `${owner}/${name ?? ''}`
  const known = (env['GITHUB_WORKFLOW_SHA'] ?? '') !== '' && isRepository(own)
  const repository = known ? own : (env['GITHUB_REPOSITORY'] ?? '')
  const sha = (known ? env['GITHUB_WORKFLOW_SHA'] : env['GITHUB_SHA']) ?? ''
  if (!isRepository(repository) || !/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(sha)) {
    throw new GitHubApiError(
      'The runner does not say which repository and commit this workflow is of (GITHUB_WORKFLOW_REF, GITHUB_WORKFLOW_SHA).',
      '',
    )
  }
  return { repository, sha }
}

/**
 * A text file of the workflow's repository, at the workflow's commit, by GitHub's contents API.
 * @param path from the repository's root, with slashes
 * @param token may read contents
 * @param limit largest file, bytes; @param withinMs for all tries
 * @throws GitHubApiError
 */
export async function readRepositoryFile(
  path: string,
  env: NodeJS.ProcessEnv,
  token: string,
  limit: number = largestFile,
  withinMs: number = fileMs,
): Promise<string> {
  const segments = segmentsOf(path)
  const { repository, sha } = workflowCommit(env)
  const where = `${path} of ${repository} at ${sha.slice(0, 12)}`
  const file = segments.map(encodeURIComponent).join('/')
  const url = apiUrl(env, `repos/${repository}/contents/${file}?ref=${sha}`)
  const reply = await get(url, token, 'application/vnd.github.raw+json', limit, withinMs, where)
  if (reply.status !== 200) throw refusal(reply, where)
  if (String(reply.headers['content-type']).startsWith('application/json')) {
    throw new GitHubApiError(`${where} is no file.`, 'Name a file, not a folder or a submodule.')
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(reply.body)
  } catch (cause) {
    throw new GitHubApiError(`${where} is no text in UTF-8.`, '', cause)
  }
}

/** The custom properties that have a repository not watched; the second is Harden-Runner's. */
const skipProperties = ['skip-runwarden', 'skip-harden-runner']

/**
 * Which custom property of the repository says that its jobs are not watched; null: none does. Only administrators set
 * these, never a job's token. It takes 2 s at most.
 * @throws GitHubApiError when nobody can tell: the job is then not skipped
 */
export async function skippedBy(env: NodeJS.ProcessEnv, token: string): Promise<string | null> {
  const repository = env['GITHUB_REPOSITORY'] ?? ''
  if (!isRepository(repository)) {
    throw new GitHubApiError('The runner does not say which repository this is.', '')
  }
  const what = `the custom properties of ${repository}`
  const url = apiUrl(env, `repos/${repository}/properties/values`)
  const json = 'application/vnd.github+json'
  const reply = await get(url, token, json, 1 << 20, propertiesMs, what)
  // A repository of a person, or a server that has no properties.
  if (reply.status === 404) return null
  if (reply.status !== 200) throw refusal(reply, what)
  const values = valuesOf(reply)
  if (values === null) {
    throw new GitHubApiError(`GitHub’s answer for ${what} can’t be understood.`, '')
  }
  return skipProperties.find((name) => values.get(name) === 'true') ?? null
}

/** Little is left of what the token may ask in an hour: it is for the job's own steps, which share it. */
export function isNearLimit({ headers }: Pick<Reply, 'headers'>): boolean {
  const [of, left] = ['x-ratelimit-limit', 'x-ratelimit-remaining'].map((name) =>
    Number(headers[name] ?? Number.NaN),
  ) as [number, number]
  return left < of / 5
}

/**
 * What GitHub's API has at a path, JSON; null: nothing is there. One try.
 * @param see gets each answer
 * @throws GitHubApiError
 */
export async function readApi(
  path: string,
  env: NodeJS.ProcessEnv,
  token: string,
  signal: AbortSignal,
  see: (reply: Reply) => void = () => {},
): Promise<unknown> {
  const headers = headersOf(token, 'application/vnd.github+json')
  let reply: Reply
  try {
    reply = await ask(apiUrl(env, path), { headers, limit: largestAnswer, signal })
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    throw new GitHubApiError(`${path} could not be read: ${error.message}.`, '', error)
  }
  see(reply)
  if (reply.status === 404) return null
  if (reply.status !== 200) throw refusal(reply, path)
  try {
    return JSON.parse(reply.body.toString('utf8'))
  } catch (cause) {
    throw new GitHubApiError(`GitHub’s answer for ${path} can’t be understood.`, '', cause)
  }
}

function headersOf(token: string, accept: string): Record<string, string> {
  return {
    accept,
    'x-github-api-version': '2022-11-28',
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
  }
}

/** By their names; null: it is no list of properties. */
function valuesOf({ body }: Reply): Map<unknown, unknown> | null {
  try {
    const answer: unknown = JSON.parse(body.toString('utf8'))
    if (!Array.isArray(answer)) return null
    return new Map(
      answer.map((entry: { property_name: unknown; value: unknown }) => [
        entry.property_name,
        entry.value,
      ]),
    )
  } catch {
    return null
  }
}

async function get(
  url: URL,
  token: string,
  accept: string,
  limit: number,
  withinMs: number,
  what: string,
): Promise<Reply> {
  const signal = AbortSignal.timeout(withinMs)
  const headers = headersOf(token, accept)
  try {
    return await retrying({ tries: 3, firstMs: 250, signal }, async () => {
      const reply = await ask(url, { headers, limit, signal })
      if (reply.status < 500) return reply
      throw new RequestError('REFUSED', `${url.host} answered ${reply.status}`, {
        retryable: true,
        reply,
      })
    })
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    const advice = error.code === 'TOO_LARGE' ? `It may have ${limit} bytes at most.` : ''
    throw new GitHubApiError(`${what} could not be read: ${error.message}.`, advice, error)
  }
}

function refusal(reply: Reply, what: string): GitHubApiError {
  const { status, headers } = reply
  const limited = headers['x-ratelimit-remaining'] === '0' || status === 429
  const may = 'the token may read it: "permissions: contents: read", and token: where it is another'
  if (limited) {
    return new GitHubApiError(
      `${what} could not be read: GitHub’s limit of requests is reached.`,
      'Run the job again later.',
    )
  }
  if (status === 404) {
    return new GitHubApiError(`There is no ${what}.`, `See whether the path is right, and ${may}.`)
  }
  const refused = `${what} could not be read: GitHub answered ${status}.`
  return new GitHubApiError(refused, status === 401 || status === 403 ? `See whether ${may}.` : '')
}

function apiUrl(env: NodeJS.ProcessEnv, path: string): URL {
  const base = env['GITHUB_API_URL'] ?? 'https://api.github.com'
  if (!URL.canParse(base) || !isPrivateWay(new URL(base))) {
    throw new GitHubApiError('GITHUB_API_URL is no https:// URL.', '')
  }
  return new URL(`${base.replace(/\/+$/, '')}/${path}`)
}

function segmentsOf(path: string): string[] {
  const segments = path.split('/')
  const odd = segments.some((part) => part === '' || part === '.' || part === '..')
  if (odd || path.length > 4096 || /[\p{Cc}\\]/u.test(path)) {
    throw new GitHubApiError(
      `${JSON.stringify(path.slice(0, 200))} is no path of a file in a repository.`,
      'Write it from the repository’s root, as .github/runwarden.yml: without a slash in front, "." or "..".',
    )
  }
  return segments
}

function isRepository(text: string): boolean {
  return /^[\w.-]+\/[\w.-]+$/.test(text) && !/(^|\/)\.{1,2}(\/|$)/.test(text)
}
