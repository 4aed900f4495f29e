import type { Event, EventOf } from '@runwarden/events'
import { githubCall, type GithubCall, type GithubHosts } from '@runwarden/policy/github-call'
import type { EventBody } from '../event-stream.ts'

type DetectionBody = Extract<EventBody, { kind: 'detection' }>

/** Repositories and owners that are told one by one. */
const MOST_TOLD = 1000

export interface OutboundParts {
  /** Of the job, `owner/name`; null: it comes with the steps' environment, or is not known. */
  repository: string | null
  hosts: GithubHosts
  /** The program that a process runs now; empty when it is not known. */
  exeOf: (execId: string | null) => string
  /** Why such a finding of a request is expected, and the line that says so; null: it is not. */
  suppression: (event: EventOf<'http.request'>) => string | null
}

/** Calls of GraphQL whose end is waited for. */
const MOST_WAITING = 1000

/**
 * Calls of GitHub that leave the job's own repository: what changes something elsewhere is how stolen data and
 * worms leave, reading elsewhere is what many builds do. Of GraphQL only mutations show where they go, and few of them.
 */
export class OutboundCalls {
  private readonly parts: OutboundParts
  private repository: string | null
  private readonly told = new Set<string>()
  /** By `seq`: what a body says is known when all of it was sent. */
  private readonly graphql = new Map<number, EventOf<'http.request'>>()

  constructor(parts: OutboundParts) {
    this.parts = parts
    this.repository = parts.repository?.toLowerCase() ?? null
  }

  see(event: Event): DetectionBody[] {
    if (event.kind === 'step.start') this.repository ??= event.repository?.toLowerCase() ?? null
    if (event.kind === 'http.request') return this.ofRequest(event)
    return event.kind === 'http.response' ? this.ofMutation(event) : []
  }

  private ofRequest(event: EventOf<'http.request'>): DetectionBody[] {
    const call = githubCall(event, this.parts.hosts)
    if (call?.kind === 'graphql') this.awaitEnd(event)
    if (this.repository === null || call === null) return []
    const writes = call.writes === true
    const said = `${event.method} ${event.host}${event.path}`
    if (writes && call.hidden !== null) return this.findHidden(event, said, call, this.repository)
    const target = targetOf(call, this.repository)
    if (target === null || (!writes && call.repository === null)) return []
    return this.find(event, said, target, writes)
  }

  private awaitEnd(event: EventOf<'http.request'>): void {
    this.graphql.set(event.seq, event)
    if (this.graphql.size <= MOST_WAITING) return
    const oldest = this.graphql.keys().next()
    if (oldest.done !== true) this.graphql.delete(oldest.value)
  }

  private ofMutation(event: EventOf<'http.response'>): DetectionBody[] {
    const request = this.graphql.get(event.request)
    this.graphql.delete(event.request)
    if (request === undefined || this.repository === null) return []
    const { mutations, repositories = [] } = event
    const said = `mutation ${(mutations ?? []).join(', ')} to ${request.host}${request.path}`
    return [
      ...repositories.filter((one) => one !== this.repository),
      ...(mutations ?? []).flatMap((name) => mutationTargets.get(name) ?? []),
    ].flatMap((target) => this.find(request, said, target, true))
  }

  private find(
    request: EventOf<'http.request'>,
    said: string,
    target: string,
    writes: boolean,
  ): DetectionBody[] {
    return this.tell(request, `${writes} ${target}`, {
      severity: writes ? 'high' : 'info',
      title: writes
        ? `a change was asked of ${target}, which is not the job's repository`
        : `${target} was read, which is not the job's repository`,
      text: writes
        ? `${this.did(request, said)}. Stolen data and worms leave so, through a host that nearly every policy allows. If it is meant (a release elsewhere, a bot), it is made with a token of its own: ${advice}`
        : `${this.did(request, said)}. Builds read other repositories all the time; it is told for who looks for it.`,
    })
  }

  /** A change of which nobody can tell whether it is of the job's repository. */
  private findHidden(
    request: EventOf<'http.request'>,
    said: string,
    { path, hidden }: GithubCall,
    own: string,
  ): DetectionBody[] {
    const byNumber = hidden === 'number'
    const target = (byNumber ? path.split('/').slice(0, 3).join('/') : path).slice(0, 100)
    const why = byNumber
      ? `Its path has the repository's number: whether that is ${own} cannot be told.`
      : `Servers can read its path in more than one way, and which repository it is of cannot be told. Programs do not write paths so by themselves.`
    return this.tell(request, `hidden ${target}`, {
      severity: byNumber ? 'medium' : 'high',
      title: `a change was asked of ${target}: which repository that is cannot be told`,
      text: `${this.did(request, said)}. ${why} If it is meant, name the repository in the path: ${advice}`,
    })
  }

  private did({ execId }: EventOf<'http.request'>, said: string): string {
    const who = this.parts.exeOf(execId) || 'a process that has ended'
    return `${who} sent ${said}; the job is of ${this.repository}`
  }

  private tell(
    request: EventOf<'http.request'>,
    what: string,
    found: Pick<DetectionBody, 'severity' | 'title' | 'text'>,
  ): DetectionBody[] {
    const suppressed = this.parts.suppression(request)
    const about = `${suppressed} ${what}`
    if (this.told.has(about) || this.told.size >= MOST_TOLD) return []
    this.told.add(about)
    const { seq, time, execId, step } = request
    return [
      {
        kind: 'detection',
        time,
        execId,
        step,
        id: 'https-outbound-anomaly',
        ...found,
        evidence: [seq],
        ...(suppressed === null ? {} : { suppressed }),
      },
    ]
  }
}

const advice =
  'look at what started this program, and if nobody knows it, replace the secrets that the job could read.'

const newRepository = 'the list of repositories (a new one)'

/** Mutations that change nothing of the job's repository, whatever they name. */
const mutationTargets: ReadonlyMap<string, string> = new Map([
  ['createRepository', newRepository],
  ['cloneTemplateRepository', newRepository],
  ['startRepositoryMigration', 'a migration of repositories'],
  ['startOrganizationMigration', 'a migration of repositories'],
  ['createEnterpriseOrganization', 'the list of organizations (a new one)'],
])

/** What a call is aimed at, for a person; null: at the job's own repository, or nothing of somebody's. */
function targetOf(call: GithubCall, own: string): string | null {
  const { path, repository } = call
  const writes = call.writes === true
  // The copy is a repository of its own, and of whoever asks.
  if (writes && call.kind === 'rest' && /^\/repos\/[^/]+\/[^/]+\/(?:forks|generate)\/?$/.test(path))
    return newRepository
  if (repository !== null) return repository === own ? null : repository
  if (call.kind !== 'rest' || !writes) return null
  if (/^\/(?:user|(?:orgs|organizations)\/[^/]+)\/repos\/?$/.test(path)) return newRepository
  if (/^\/gists(?:\/|$)/.test(path)) return 'a gist'
  return /^\/(?:user|orgs|organizations|teams|enterprises)(?:\/|$)/.test(path)
    ? path.split('/').slice(0, 3).join('/').slice(0, 100)
    : null
}
