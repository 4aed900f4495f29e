import type { GithubFacts, JobRequest } from '@runwarden/events'

/** What an observer is told by who starts it. */
export interface ObserverSettings {
  /** Absolute; made by the observer, which must not exist before. */
  folder: string
  version: string
  /** What the report calls the run, as a command line: workflow and job. */
  command: string[]
  job: JobRequest
  github: GithubFacts
  /** Pid of the runner's worker, whose steps are observed. */
  worker: number
  /** Programs in place of macOS's own: the tests' only. */
  programs?: { lsof: string; ps: string }
  platform: string
  /** Milliseconds between two looks. */
  everyMs: number
}

/** What the observer says to who started it: once. */
export type ObserverAnswer = { ok: true } | { ok: false; message: string; advice: string }
