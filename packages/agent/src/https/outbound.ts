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
}

/**
 * Calls of GitHub that leave the job's own repository: what changes something elsewhere is how stolen data and
 * worms leave, reading elsewhere is what many builds do. GraphQL does not show where it goes.
 */
export class OutboundCalls {
  private readonly parts: OutboundParts
  private repository: string | null
  private readonly told = new Set<string>()

  constructor(parts: OutboundParts) {
    this.parts = parts
    this.repository = parts.repository?.toLowerCase() ?? null
  }

  see(event: Event): DetectionBody[] {
    if (event.kind === 'step.start') this.repository ??= event.repository?.toLowerCase() ?? null
    return event.kind === 'http.request' ? this.ofRequest(event) : []
  }

  private ofRequest(event: EventOf<'http.request'>): DetectionBody[] {
    const own = this.repository
    const call = githubCall(event, this.parts.hosts)
    if (own === null || call === null || call.repository === own) return []
    const writes = call.writes === true
    const target = targetOf(call)
    if (target === null || (!writes && call.repository === null)) return []
    const about = `${writes} ${target}`
    if (this.told.has(about) || this.told.size >= MOST_TOLD) return []
    this.told.add(about)
    const by = this.parts.exeOf(event.execId) || 'a process that has ended'
    const did = `${by} sent ${event.method} ${event.host}${event.path}`
    const { time, execId, step, seq } = event
    return [
      {
        kind: 'detection',
        time,
        execId,
        step,
        id: 'https-outbound-anomaly',
        severity: writes ? 'high' : 'info',
        title: writes
          ? `a change was asked of ${target}, which is not the job's repository`
          : `${target} was read, which is not the job's repository`,
        text: writes
          ? `${did}; the job is of ${own}. Stolen data and worms leave so, through a host that nearly every policy allows. If it is meant (a release elsewhere, a bot), it is made with a token of its own: look at what started this program, and if nobody knows it, replace the secrets that the job could read.`
          : `${did}; the job is of ${own}. Builds read other repositories all the time; it is told for who looks for it.`,
        evidence: [seq],
      },
    ]
  }
}

/** What a call is aimed at, for a person; null: at nothing of somebody's. */
function targetOf(call: GithubCall): string | null {
  if (call.repository !== null) return call.repository
  if (call.kind !== 'rest' || call.writes !== true) return null
  if (/^\/(?:user|orgs\/[^/]+)\/repos$/.test(call.path))
    return 'the list of repositories (a new one)'
  if (/^\/gists(?:\/|$)/.test(call.path)) return 'a gist'
  return /^\/(?:user|orgs|teams|enterprises)(?:\/|$)/.test(call.path)
    ? call.path.split('/').slice(0, 3).join('/').slice(0, 100)
    : null
}
