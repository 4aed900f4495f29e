import { randomBytes } from 'node:crypto'
import { PolicyError } from '@runwarden/policy'
import { RequestError } from './http.ts'
import { type ResultsMethod, ResultsService } from './results-service.ts'
import { endpointOf, hostOf, storeEndpoint } from './store-address.ts'

/** A host that this job needs because of the platform it runs on. */
export interface JobHost {
  /** `host:port`, as a policy has it: one name, no wildcard. */
  endpoint: string
  why: string
  /** Not this job's alone, as GitHub's own site is not. */
  general: boolean
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
 * action, and the stores behind them, which the results service is asked for. The requests leave nothing that is seen in
 * the run: the address for the job's log, to which only the runner writes (where that is refused: a place for an
 * artifact), and a place for a cache entry. Names and keys of these are random, and nothing ever comes to such a place.
 * It takes 2 s at most, and never throws.
 */
export async function jobHosts(env: NodeJS.ProcessEnv): Promise<JobHosts> {
  const found = new Found(env)
  found.named('GITHUB_SERVER_URL', 'git over HTTPS', 'general')
  found.named('GITHUB_API_URL', 'REST API', 'general')
  found.named('GITHUB_GRAPHQL_URL', 'GraphQL API', 'general')
  found.named('ACTIONS_RESULTS_URL', 'artifacts and caches', 'report')
  found.named('ACTIONS_RUNTIME_URL', 'artifacts and caches of older actions', 'job')
  found.named('ACTIONS_CACHE_URL', 'caches of older actions', 'job')
  found.named('ACTIONS_ID_TOKEN_REQUEST_URL', 'OIDC tokens', 'job')
  for (const [endpoint, why] of beside(env)) found.add(endpoint, why, 'general')
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

/** What a host is for: anybody at this GitHub, this job, or this job and its report. */
type Kind = 'general' | 'job' | 'report'

/** What was found so far: each endpoint once, with its first reason. */
class Found {
  readonly hosts = new Map<string, JobHost>()
  readonly warnings: string[] = []
  readonly #env: NodeJS.ProcessEnv

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
  }

  /** The host of a URL that the runner gives. */
  named(variable: string, why: string, kind: Kind): void {
    const text = this.#env[variable] ?? ''
    if (text === '') return
    try {
      if (!URL.canParse(text)) throw new RequestError('INVALID', 'it is no URL')
      this.add(endpointOf(new URL(text)), why, kind)
    } catch (error) {
      this.missing(why, new RequestError('INVALID', `${variable}: ${messageOf(error)}`))
    }
  }

  add(endpoint: string | null, why: string, kind: Kind): void {
    // What stays on the machine is allowed without a line.
    if (endpoint === null) return
    const known = this.hosts.get(endpoint)
    const general = kind === 'general' && known?.general !== false
    const forReport = kind === 'report' || known?.forReport === true
    this.hosts.set(endpoint, { endpoint, why: known?.why ?? why, general, forReport })
  }

  missing(what: string, error: unknown): void {
    this.warnings.push(
      `The host for ${what} was not found (${messageOf(error)}). In block mode it is blocked unless the policy allows it.`,
    )
  }
}

/** A request whose answer has the address of a store. */
interface Way {
  method: ResultsMethod
  body: Readonly<Record<string, unknown>>
  /** Of the answer. */
  field: string
}

async function askForStores(env: NodeJS.ProcessEnv, found: Found): Promise<void> {
  let service: ResultsService
  try {
    service = ResultsService.of(env)
  } catch (error) {
    found.missing('artifacts and caches', error)
    return
  }
  const artifacts: Way[] = [
    {
      method: 'results.services.receiver.Receiver/GetJobLogsSignedBlobURL',
      body: { ...service.ids },
      field: 'logs_url',
    },
    {
      method: 'github.actions.results.api.v1.ArtifactService/CreateArtifact',
      body: { ...service.ids, name: `runwarden-${random(16)}`, version: 4 },
      field: 'signed_upload_url',
    },
  ]
  const caches: Way[] = [
    {
      method: 'github.actions.results.api.v1.CacheService/CreateCacheEntry',
      body: { key: `runwarden-${random(16)}`, version: random(32) },
      field: 'signed_upload_url',
    },
  ]
  const signal = AbortSignal.timeout(searchMs)
  const find = async (what: string, kind: Kind, ways: readonly Way[]): Promise<void> => {
    try {
      const address = await addressBy(ways, service, signal)
      found.add(
        storeEndpoint(address, service.url, env),
        `where ${what} of this job are kept`,
        kind,
      )
    } catch (error) {
      found.missing(what, error)
    }
  }
  const caching = (env['ACTIONS_CACHE_SERVICE_V2'] ?? '') !== ''
  await Promise.all([
    find('artifacts', 'report', artifacts),
    caching ? find('caches', 'job', caches) : null,
  ])
}

/** By the first way that is answered. @throws RequestError of the first that is not */
async function addressBy(
  [way, ...others]: readonly Way[],
  service: ResultsService,
  signal: AbortSignal,
): Promise<string> {
  if (way === undefined) throw new RequestError('INVALID', 'there is no way to ask')
  try {
    const { [way.field]: address } = await service.call(way.method, way.body, signal)
    if (typeof address === 'string' && address !== '') return address
    throw new RequestError('INVALID', `${way.method} gave no address`)
  } catch (error) {
    if (others.length === 0 || signal.aborted) throw error
    return await addressBy(others, service, signal).catch(() => {
      throw error
    })
  }
}

function messageOf(error: unknown): string {
  if (error instanceof PolicyError) return error.problems[0]?.what ?? error.message
  return error instanceof Error ? error.message : String(error)
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
