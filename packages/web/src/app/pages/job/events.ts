import { plain } from '@runwarden/events/plain'
import type { Act, Step } from '../../../job/source.ts'
import { api, ask } from '../../api.ts'

interface Event {
  seq: number
  time: number
  kind: string
  [more: string]: unknown
}

/** What every event has, or what says little to a person. */
const left = new Set(['seq', 'time', 'kind', 'scope', 'execId', 'step', 'truth'])

/** An event in words: its kind, and what it tells. */
function words({ kind, ...event }: Event): string {
  const told = Object.entries(event)
    .filter(([name, value]) => !left.has(name) && value !== null && value !== '')
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return plain(`${kind}: ${told.join(', ')}`, 2000)
}

interface Place {
  org: string
  id: string
}

/** The events of these numbers, as far as the server still has them. */
export async function actsOf(path: Place, evidence: readonly number[]): Promise<Act[]> {
  const found = await Promise.all(
    evidence.slice(0, 12).map((seq) =>
      ask(
        api.GET('/v1/orgs/{org}/jobs/{id}/timeline', {
          params: { path, query: { from: seq, limit: 1 } },
        }),
      ),
    ),
  )
  return found
    .flatMap(({ items }) => items as Event[])
    .filter(({ seq }) => evidence.includes(seq))
    .map((event) => ({ seq: event.seq, time: event.time, text: words(event) }))
}

/** What a process did, as its events tell it: beside that it began and ended. */
export async function deedsOf(
  path: Place,
  execId: string,
  after: string | undefined,
): Promise<{ items: Act[]; next: string | null }> {
  const { items, next } = await ask(
    api.GET('/v1/orgs/{org}/jobs/{id}/timeline', {
      params: { path, query: { execId, limit: 100, ...(after === undefined ? {} : { after }) } },
    }),
  )
  const acts = (items as Event[])
    .filter(({ kind }) => !kind.startsWith('process.'))
    .map((event) => ({ seq: event.seq, time: event.time, text: words(event) }))
  return { items: acts, next }
}

/** Steps as their begins tell them: each lasts until the next one's, as far as is known. */
export async function stepsOf(path: Place, finishedAt: number | null): Promise<Step[]> {
  const { items } = await ask(
    api.GET('/v1/orgs/{org}/jobs/{id}/timeline', {
      params: { path, query: { kinds: 'step.start' as never, limit: 500 } },
    }),
  )
  const begun = new Map<string, Step>()
  for (const { step, time } of items as { step?: string | null; time: number }[]) {
    if (typeof step !== 'string' || begun.has(step)) continue
    begun.set(step, { id: step, name: step, from: time, to: null })
  }
  const steps = [...begun.values()]
  for (const [index, step] of steps.entries()) step.to = steps[index + 1]?.from ?? finishedAt
  return steps
}
