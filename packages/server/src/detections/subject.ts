import { endpointsOf } from '@runwarden/events/about'
import type { Event } from '@runwarden/events'
import { glob } from '@runwarden/policy'

/** What one event behind a detection is about. */
export interface Subject {
  endpoint: string[]
  host: string[]
  ip: string[]
  process: string[]
  file: string[]
  secret: string[]
}

/** Of the job and the detection itself. */
export interface Place {
  id: string
  owner: string | null
  repository: string | null
  workflow: string | null
  job: string | null
  step: string | null
}

const ofPlace = ['id', 'owner', 'repository', 'workflow', 'job', 'step'] as const
const ofSubject = ['endpoint', 'host', 'ip', 'process', 'file', 'secret'] as const

/** What a suppression may name: the words of rule files (docs/rules.md), and `host`, `ip` and `secret` beside them. */
export const suppressionKeys = [...ofPlace, ...ofSubject] as const
export type SuppressionKey = (typeof suppressionKeys)[number]
export type Match = Partial<Record<SuppressionKey, string | undefined>>

/** An attack on the record itself is nothing to be expected. */
const never: ReadonlySet<string> = new Set(['agent-tampered', 'record-damaged'])

/**
 * Whether a suppression is for a detection. Patterns are globs. Of hosts, files and the like each event that has any must
 * have one that fits, and one event must have some: what is expected of one destination hides no other beside it. What is
 * not known matches nothing.
 */
export function isSuppressed(match: Match, place: Place, about: readonly Subject[]): boolean {
  if (never.has(place.id)) return false
  const isPlace = ofPlace.every((key) => {
    const pattern = match[key]
    const text = place[key]
    if (pattern === undefined) return true
    if (text === null) return false
    // GitHub's names of owners and repositories have no case.
    return key === 'owner' || key === 'repository'
      ? glob(text.toLowerCase(), pattern.toLowerCase())
      : glob(text, pattern)
  })
  return (
    isPlace &&
    ofSubject.every((key) => {
      const pattern = match[key]
      if (pattern === undefined) return true
      const having = about.filter((one) => one[key].length > 0)
      return (
        having.length > 0 && having.every((one) => one[key].some((text) => glob(text, pattern)))
      )
    })
  )
}

/** @param exe of the event's process; null: not known */
export function subjectOf(event: Event, exe: string | null): Subject {
  return {
    endpoint: endpointsOf(event),
    host: hosts(event),
    ip: event.kind === 'net.connect' || event.kind === 'net.flow' ? [event.address] : [],
    process: exe === null ? [] : [exe],
    file: files(event),
    secret: event.kind === 'secret.found' ? [event.secret] : [],
  }
}

function hosts(event: Event): string[] {
  if (event.kind === 'dns.query') return [event.name]
  if (event.kind === 'http.request') return [event.host.replace(/:\d+$/, '')]
  const { host } = { host: null, ...event } as { host: string | null }
  return host === null ? [] : [host]
}

function files(event: Event): string[] {
  if (event.kind === 'process.exec') return [event.exe]
  if (event.kind === 'file.rename') return [event.path, event.to]
  return 'path' in event && event.kind !== 'http.request' && event.path !== '' ? [event.path] : []
}
