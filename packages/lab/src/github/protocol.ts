import type { Fault, GitHubOptions, GitHubRequest } from './github.ts'
import type { Artifact, GitHubJob } from './results.ts'

/**
 * What a test and a GitHub in a lab's internet say to each other: a JSON object a line, each answered by one. The
 * first line has the options.
 */

export type GitHubCommand =
  | { do: 'start'; options: GitHubOptions }
  | { do: 'job'; run: string | null }
  | { do: 'fail'; part: string; faults: Fault[] }
  | { do: 'state' }

export interface GitHubAnswers {
  start: { token: string }
  job: { job: GitHubJob; services: Record<string, string> }
  fail: true
  state: {
    requests: GitHubRequest[]
    /** Their content in base64. */
    artifacts: (Omit<Artifact, 'content'> & { content: string | null })[]
    cacheKeys: readonly string[]
  }
}
