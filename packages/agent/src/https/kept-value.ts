import { MAX_PATH, MAX_VALUE } from './limits.ts'
import { Undecodable } from './undecodable.ts'

/** Whose token a request carries, as far as its shape says; never the token. */
export type Authorization =
  /** A token of a GitHub App's installation: what GITHUB_TOKEN is. */
  | 'installation'
  /** A person's or an OAuth app's token of GitHub. */
  | 'personal'
  | 'other'

/** Header fields whose value is looked at. Of all others nothing is kept but their name and size. */
const looked = new Set([
  ':method',
  ':scheme',
  ':authority',
  ':protocol',
  ':path',
  ':status',
  'host',
  'content-length',
  'transfer-encoding',
  'authorization',
])

export function isLookedAt(name: string): boolean {
  return looked.has(name)
}

/**
 * What is kept of a header field's value: of `:path` what `targetOf` keeps, of `authorization` the kind, of other fields that are looked at the text, of all others nothing.
 * @param value at most the first `MAX_VALUE` bytes of it
 * @throws Undecodable for a blank or control character in what HTTP/2 has in place of a request line: a server that hands it on in
 * HTTP/1 writes another request
 */
export function keptValue(name: string, value: Buffer): string {
  if (!looked.has(name)) return ''
  if (name.startsWith(':') && value.some((byte) => byte <= 0x20 || byte === 0x7f))
    throw new Undecodable('malformed', 'a blank or control character in a request line')
  if (name === 'authorization') return authorizationKind(value)
  if (name === ':path') return targetOf(value)
  return value.toString('utf8', 0, MAX_VALUE)
}

/** What git asks a server for: to fetch, or to push (gitprotocol-http). */
export type GitService = 'git-upload-pack' | 'git-receive-pack'

const gitServices: readonly GitService[] = ['git-upload-pack', 'git-receive-pack']

/** A request target without its query, but for the one that asks for one of git's services. */
export function targetOf(target: Buffer): string {
  const path = pathOf(target)
  const service = gitServiceOf(target, path)
  return service === undefined ? path : `${path}?service=${service}`
}

/** The same into its parts. */
export function readTarget(target: Buffer, into: { path: string; gitService?: GitService }): void {
  into.path = pathOf(target)
  const service = gitServiceOf(target, into.path)
  if (service !== undefined) into.gitService = service
}

function gitServiceOf(target: Buffer, path: string): GitService | undefined {
  if (!path.endsWith('/info/refs')) return undefined
  const query = target.toString('latin1', path.length, path.length + 32)
  return gitServices.find((one) => query === `?service=${one}`)
}

/** The path of what `targetOf` keeps, and git's service. */
export function splitTarget(kept: string): { path: string; gitService?: GitService } {
  if (!kept.includes('?')) return { path: kept }
  const [path = '', query] = kept.split('?')
  const gitService = gitServices.find((one) => query === `service=${one}`)
  return gitService === undefined ? { path } : { path, gitService }
}

/**
 * A request target without its query, which holds secrets, cut to `MAX_PATH` bytes. A "#" ends nothing: no target has one
 * (RFC 9112 §3.2), and there are servers that take it, and what follows, for a part of the path.
 */
function pathOf(target: Buffer): string {
  let end = Math.min(target.length, MAX_PATH)
  for (let at = 0; at < end; at++) {
    if (target[at] === 0x3f) end = at
  }
  return target.toString('utf8', 0, end)
}

/** Enough for the scheme and the beginning of a token that says its kind, also in base64 behind a user's name. */
const headBytes = 96
const installation = /^(?:ghs_|v1\.[0-9a-f]{40}$)/
const personal = /^(?:gh[pour]_|github_pat_)/

/** The kind of an `authorization` header's token by its documented prefix. */
export function authorizationKind(value: Buffer): Authorization {
  const [scheme = '', credentials = ''] = value
    .toString('latin1', 0, headBytes)
    .trim()
    .split(/\s+/, 2)
  let token = credentials
  if (scheme.toLowerCase() === 'basic') {
    const pair = Buffer.from(credentials, 'base64').toString('latin1')
    const colon = pair.indexOf(':')
    // Some clients send the token as the user's name, with no password or a fixed one.
    token = /^(?:gh[spour]_|github_pat_)/.test(pair) ? pair : pair.slice(colon + 1)
  }
  if (installation.test(token)) return 'installation'
  return personal.test(token) ? 'personal' : 'other'
}
