import type { InboxDetection } from '@runwarden/api'
import { globFor } from '@runwarden/policy/glob'

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

/** What can be said of a detection. */
interface Patterns {
  /** For what the detection is about, and nothing else. */
  exact: Match
  /** With stars for what a pattern can't hold, or not whole: also for others, which a job can choose as well. */
  wider: Match
}

const longest = 200
const unheld = /[\p{Cc}\p{Zl}\p{Zp}]+/gu

export function patternsOf({ detection, job, step, about }: InboxDetection): Patterns {
  const found: Patterns = { exact: { id: detection }, wider: {} }
  const add = (key: MatchKey, text: string): void => {
    const pattern = globFor(text)
    if (text.search(unheld) < 0 && pattern.length <= longest) found.exact[key] = pattern
    else
      found.wider[key] =
        globFor(text.slice(0, 90)).replaceAll(unheld, '*') + (text.length > 90 ? '**' : '')
  }
  const place = { repository: job.repository, workflow: job.workflow, job: job.job, step }
  for (const [key, value] of Object.entries(place) as [MatchKey, string | null][])
    if (value !== null) add(key, value)
  for (const key of subjects) {
    // Each event that has any must have one that fits.
    const having = about.map((one) => one[key]).filter((values) => values.length > 0)
    const value = having[0]?.find((one) => having.every((values) => values.includes(one)))
    if (value !== undefined) add(key, value)
  }
  return found
}

const places = ['id', 'repository', 'workflow', 'job'] as const

/** What is chosen at first: as narrow as it is of use for the next run, too; nothing, where that is for others as well. */
export function chosenAtFirst({ exact, wider }: Patterns): MatchKey[] {
  const order = ['endpoint', 'host', 'ip', 'file', 'secret', 'process'] as const
  const subject = order.find((key) => exact[key] !== undefined)
  if (places.some((key) => wider[key] !== undefined)) return []
  const place = places.filter((key) => exact[key] !== undefined)
  if (subject !== undefined) return [...place, subject]
  return order.some((key) => wider[key] !== undefined) ? [] : place
}
