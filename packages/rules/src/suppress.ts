import { endpointsOf } from '@runwarden/events/about'
import type { Event } from '@runwarden/events'
import { glob } from '@runwarden/policy'
import type { Suppression, SuppressionKey } from './rule.ts'

/** Names of the job, where they are known. */
export interface JobNames {
  readonly owner?: string
  readonly repository?: string
  readonly workflow?: string
  readonly job?: string
}

/** The reason for which a finding is expected, with its line; null: none says so. What is not known matches nothing. */
export function suppressedBy(
  suppressions: readonly Suppression[],
  id: string,
  event: Event,
  { process, job }: { process: string; job: JobNames },
): string | null {
  if (suppressions.length === 0) return null
  const about: Partial<Record<SuppressionKey, string[]>> = {
    id: [id],
    ...Object.fromEntries(Object.entries(job).map(([key, value]) => [key, [value]])),
    step: event.step === null ? [] : [event.step],
    process: [process],
    endpoint: endpointsOf(event),
    file: files(event),
  }
  const found = suppressions.find(({ match }) =>
    [...match].every(([key, pattern]) => about[key]?.some((text) => glob(text, pattern)) === true),
  )
  return found === undefined ? null : `${found.where.file}:${found.where.line}: ${found.reason}`
}

function files(event: Event): string[] {
  if (event.kind === 'process.exec') return [event.exe]
  // Where it came from, or what a link says, is the job's to choose.
  if (event.kind === 'file.rename') return [event.to]
  return 'path' in event && event.kind !== 'http.request' ? [event.path] : []
}
