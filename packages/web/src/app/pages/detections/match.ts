import type { InboxDetection } from '@runwarden/api'

/** What a suppression may name, in words. */
export const keyWords = {
  id: 'Detection',
  repository: 'Repository',
  workflow: 'Workflow',
  job: 'Job',
  step: 'Step',
  endpoint: 'Endpoint',
  host: 'Host',
  ip: 'Address',
  process: 'Program',
  file: 'File',
  secret: 'Secret',
} as const
export type MatchKey = keyof typeof keyWords
export type Match = Partial<Record<MatchKey, string>>

const subjects = ['endpoint', 'host', 'ip', 'process', 'file', 'secret'] as const

/** For this text: what a pattern can't hold, or not whole, is left to its stars. */
function patternFor(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, '*')
  return line.length > 200 ? `${line.slice(0, 190)}**` : line
}

/** What can be said of a detection, each as a pattern that is for it alone. */
export function patternsOf({ detection, job, step, about }: InboxDetection): Match {
  const found: Match = { id: detection }
  const place = { repository: job.repository, workflow: job.workflow, job: job.job, step }
  for (const [key, value] of Object.entries(place) as [MatchKey, string | null][])
    if (value !== null) found[key] = patternFor(value)
  for (const key of subjects) {
    // Each event that has any must have one that fits.
    const having = about.map((one) => one[key]).filter((values) => values.length > 0)
    const value = having[0]?.find((one) => having.every((values) => values.includes(one)))
    if (value !== undefined) found[key] = patternFor(value)
  }
  return found
}

/** What is chosen at first: as narrow as it is of use for the next run, too. */
export function chosenAtFirst(patterns: Match): MatchKey[] {
  const subject = (['endpoint', 'host', 'ip', 'file', 'secret', 'process'] as const).find(
    (key) => patterns[key] !== undefined,
  )
  const place = (['id', 'repository', 'workflow', 'job'] as const).filter(
    (key) => patterns[key] !== undefined,
  )
  return subject === undefined ? place : [...place, subject]
}
