import { paths, type Query } from './paths.ts'

interface OfRun {
  id: string
  repository: string | null
  runId: string | null
}

/** A job's page: below its run, where it is of one. */
export const jobPlace = (org: string, { id, repository, runId }: OfRun, query?: Query): string =>
  repository === null || runId === null
    ? paths.looseJob(org, id, query)
    : paths.job(repository, runId, id, query)

/** A run's page; of a job that is none of GitHub's, the job's. @param run its `id` is its first job's */
export const runPlace = (org: string, run: OfRun, query?: Query): string =>
  run.repository === null || run.runId === null
    ? paths.looseJob(org, run.id)
    : paths.run(run.repository, run.runId, query)

/** `main`, `v1.2`, `#12`: what a person calls `refs/heads/main` and the like. */
export const branchOf = (ref: string): string =>
  ref.replace(/^refs\/pull\/(\d+)\/.*$/, '#$1').replace(/^refs\/(?:heads|tags)\//, '')

/** What the API takes for it. */
export const refOf = (branch: string): string =>
  branch.startsWith('refs/') ? branch : `refs/heads/${branch}`
