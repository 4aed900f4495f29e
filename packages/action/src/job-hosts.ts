import { randomBytes } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { parseEndpoint, PolicyError } from '@runwarden/policy'
import { isOwnMachine, isPrivateWay, RequestError } from './http.ts'
import { ResultsService, type ResultsMethod } from './results-service.ts'

/** A host that this job needs because of the platform it runs on. */
export interface JobHost {
  /** `host:port`, as a policy has it: one name, no wildcard. */
  endpoint: string
  why: string
  /** Our own upload of the report needs it (`report: artifact`), too. */
  forReport: boolean
}

export interface JobHosts {
  hosts: JobHost[]
  /** What could not be found, and what is blocked for that; a sentence each. */
  warnings: string[]
}

/** Of the whole search: the job waits for it. */
const searchMs = 2000

/**
 * The hosts of GitHub's services that this job needs, exactly: those that the runner names in the environment of an
 * action, and the stores behind them, which the results service is asked for. Two requests that leave nothing that
 * can be seen: the address for the job's log, which only the runner writes to, and a place for a cache entry
 * with a random key, which never gets one. It takes 2 s at most, and never throws.
 */
export async function jobHosts(env: NodeJS.ProcessEnv): Promise<JobHosts> {
  const found = new Found(env)
  found.named('GITHUB_SERVER_URL', 'git over HTTPS')
  found.named('GITHUB_API_URL', 'REST API')
  found.named('GITHUB_GRAPHQL_URL', 'GraphQL API')
  found.named('ACTIONS_RESULTS_URL', 'artifacts and caches', true)
  found.named('ACTIONS_RUNTIME_URL', 'artifacts and caches of older actions')
  found.named('ACTIONS_CACHE_URL', 'caches of older actions')
  found.named('ACTIONS_ID_TOKEN_REQUEST_URL', 'OIDC tokens')
  for (const [endpoint, why] of beside(env)) found.add(endpoint, why, false)
  await askForStores(env, found)
  return { hosts: [...found.hosts.values()], warnings: found.warnings }
}

/** What a job reaches at the same GitHub without being told where it is. */
function beside(env: NodeJS.ProcessEnv): [endpoint: string, why: string][] {
  const server = hostOf(env['GITHUB_SERVER_URL'])
  if (server === 'github.com') {
    return [
      ['codeload.github.com:443', 'archives of repositories'],
      ['objects.githubusercontent.com:443', 'files behind GitHub links'],
      ['release-assets.githubusercontent.com:443', 'files of releases'],
      ['raw.githubusercontent.com:443', 'manifests that set-up actions read'],
    ]
  }
  return server?.endsWith('.ghe.com') === true
    ? [[`codeload.${server}:443`, 'archives of repositories']]
    : []
}

/** What was found so far: each endpoint once, with its first reason. */
class Found {
  readonly hosts = new Map<string, JobHost>()
  readonly warnings: string[] = []
  readonly #env: NodeJS.ProcessEnv

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
  }

  /** The host of a URL that the runner gives. */
  named(variable: string, why: string, forReport = false): void {
    const text = this.#env[variable] ?? ''
    if (text === '') return
    try {
      if (!URL.canParse(text)) throw new RequestError('INVALID', 'it is no URL')
      this.add(endpointOf(new URL(text)), why, forReport)
    } catch (error) {
      this.missing(why, new RequestError('INVALID', `${variable}: ${messageOf(error)}`))
    }
  }

  add(endpoint: string | null, why: string, forReport: boolean): void {
    // What stays on the machine is allowed without a line.
    if (endpoint === null) return
    const known = this.hosts.get(endpoint)
    if (known === undefined) this.hosts.set(endpoint, { endpoint, why, forReport })
    else if (forReport) known.forReport = true
  }

  missing(what: string, error: unknown): void {
    this.warnings.push(
      `The host for ${what} was not found (${messageOf(error)}). In block mode it is blocked unless the policy allows it.`,
    )
  }
}

async function askForStores(env: NodeJS.ProcessEnv, found: Found): Promise<void> {
  let service: ResultsService
  try {
    service = ResultsService.of(env)
  } catch (error) {
    found.missing('artifacts and caches', error)
    return
  }
  const signal = AbortSignal.timeout(searchMs)
  const store = async (
    what: string,
    forReport: boolean,
    method: ResultsMethod,
    body: Record<string, unknown>,
    field: string,
  ): Promise<void> => {
    try {
      const answer = await service.call(method, body, signal)
      const url = answer[field]
      if (typeof url !== 'string' || url === '') {
        throw new RequestError('INVALID', `${method} gave no address`)
      }
      const why = `where ${what} of this job are kept`
      found.add(storeEndpoint(url, service.url, env), why, forReport)
    } catch (error) {
      found.missing(what, error)
    }
  }
  await Promise.all([
    store(
      'artifacts',
      true,
      'results.services.receiver.Receiver/GetJobLogsSignedBlobURL',
      { ...service.ids },
      'logs_url',
    ),
    (env['ACTIONS_CACHE_SERVICE_V2'] ?? '') === ''
      ? null
      : store(
          'caches',
          false,
          'github.actions.results.api.v1.CacheService/CreateCacheEntry',
          {
            key: `runwarden-${randomBytes(16).toString('hex')}`,
            version: randomBytes(32).toString('hex'),
          },
          'signed_upload_url',
        ),
  ])
}

/**
 * The endpoint of an address that a service answered; null: it is on this machine.
 * @throws RequestError INVALID for one that no store of that service can have
 */
export function storeEndpoint(
  address: string,
  service: URL,
  env: NodeJS.ProcessEnv,
): string | null {
  const refuse = (what: string): never => {
    throw new RequestError('INVALID', `${service.host} named a store that is not taken: ${what}`)
  }
  const url = URL.canParse(address) ? new URL(address) : refuse('its address is invalid')
  const host = url.hostname
  if (!isPrivateWay(url)) refuse(`${host} without https`)
  if (url.username !== '' || url.password !== '') refuse(`${host} with credentials`)
  const atGitHub = /\.(actions\.githubusercontent\.com|ghe\.com)$/.test(service.hostname)
  if (atGitHub && (!/^[a-z0-9]+\.blob\.core\.windows\.net$/.test(host) || url.port !== '')) {
    refuse(`${url.host} is no account of Azure's blob store`)
  }
  if (isOwnMachine(host))
    return isOwnMachine(service.hostname) ? null : refuse(`${host} is this machine`)
  if (isPrivateAddress(host) && !isOwnServer(env)) refuse(`${host} is a private address`)
  return endpointOf(url)
}

/** `host:port`; null: on this machine. @throws PolicyError for what no policy can name, RequestError for what it should not */
function endpointOf(url: URL): string | null {
  if (!/^https?:$/.test(url.protocol))
    throw new RequestError('INVALID', `${url.protocol} is not HTTP`)
  if (isOwnMachine(url.hostname)) return null
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  const text = `${url.hostname.replace(/\.$/, '')}:${port}`
  if (parseEndpoint(text).host.kind === 'pattern') {
    throw new RequestError('INVALID', `${text} is a wildcard`)
  }
  return text
}

const privateRanges = new BlockList()
for (const [net, prefix, family] of [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 8, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
] as const) {
  privateRanges.addSubnet(net, prefix, family)
}

/** Whether a host is an address that is not of the public internet: private, of the link, or a cloud's own. */
function isPrivateAddress(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(address)
  return family !== 0 && privateRanges.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** GitHub Enterprise Server, which may be anywhere in a private network. */
function isOwnServer(env: NodeJS.ProcessEnv): boolean {
  const server = hostOf(env['GITHUB_SERVER_URL'])
  return server !== null && server !== 'github.com' && !server.endsWith('.ghe.com')
}

function hostOf(text: string | undefined): string | null {
  return text !== undefined && URL.canParse(text) ? new URL(text).hostname : null
}

function messageOf(error: unknown): string {
  if (error instanceof PolicyError) return error.problems[0]?.what ?? error.message
  return error instanceof Error ? error.message : String(error)
}
