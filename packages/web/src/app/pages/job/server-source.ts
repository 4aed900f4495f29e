import { ApiError, type JobSummary } from '@runwarden/api'
import type { Rows, View } from '../../../job/rows.ts'
import type { JobFacts, JobSource, Narrowing } from '../../../job/source.ts'
import { api, ask } from '../../api.ts'
import { actsOf, deedsOf, stepsOf } from './events.ts'
import { isMoving, liveMs } from './summary.ts'

/** Rows of a page, and of one of a search: who writes waits for its first. */
const limit = 500
const limitOfSearch = 100

/** The lists of a job, page by page from the server; again and again while the job runs. */
export function serverSource(org: string, job: JobSummary, facts: JobFacts): JobSource {
  const { id } = job
  const path = { org, id }
  return {
    key: ['job', org, id],
    facts,
    kind: 'server',
    every: isMoving(job) ? liveMs : false,
    async page<V extends View>(
      view: V,
      { verdict, search, after }: Narrowing & { after: number | undefined },
    ) {
      const query = {
        limit: search === '' ? limit : limitOfSearch,
        ...(after === undefined ? {} : { after }),
        ...(verdict === null ? {} : { verdict }),
        ...(search === '' ? {} : { search }),
      }
      // One path for each view: their rows differ, their questions do not.
      const page = await ask(
        api.GET(`/v1/orgs/{org}/jobs/{id}/${view as 'dns'}`, {
          params: { path, query: query as { limit: number } },
        }),
      )
      return page as unknown as { items: Rows[V][]; next: number | null }
    },
    findings: (after) =>
      ask(
        api.GET('/v1/orgs/{org}/jobs/{id}/detections', {
          params: { path, query: { limit, ...(after === undefined ? {} : { after }) } },
        }),
      ),
    tree: ({ parent, line, search }, after) =>
      ask(
        api.GET('/v1/orgs/{org}/jobs/{id}/process-tree', {
          params: {
            path,
            query: {
              limit: search === undefined || search === '' ? limit : limitOfSearch,
              ...(after === undefined ? {} : { after }),
              ...(parent === undefined ? {} : { parent }),
              ...(line === undefined ? {} : { line }),
              ...(search === undefined || search === '' ? {} : { search }),
            },
          },
        }),
      ),
    health: () => ask(api.GET('/v1/orgs/{org}/jobs/{id}/health', { params: { path } })),
    steps: () => stepsOf(path, job.finishedAt),
    acts: ({ evidence }) => actsOf(path, evidence),
    deeds: (execId, after) => deedsOf(path, execId, after),
    async report() {
      if (!job.hasReport) return null
      try {
        return await ask(api.GET('/v1/orgs/{org}/jobs/{id}/report', { params: { path } }))
      } catch (error) {
        if (error instanceof ApiError && error.code === 'no-report') return null
        throw error
      }
    },
  }
}
