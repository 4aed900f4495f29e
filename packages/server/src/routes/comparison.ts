import { z } from 'zod'
import { pastJobs } from '../baselines/past-jobs.ts'
import type { App, Context } from '../context.ts'
import { badRequest, notFound } from '../error.ts'
import { workflowPath } from '../policies/effective.ts'
import {
  baselineSide,
  compared,
  Difference,
  differences,
  places,
  sideOf,
} from '../views/comparison.ts'
import { jobOfOrganisation } from '../views/job-list.ts'
import { Id, OfOrganisation } from './page.ts'

/** Finished runs before it that a job is held against. */
const runs = 100

/** Two jobs side by side, or a job and what its runs before it did. */
export function register(app: App, { db, ingest, clock }: Context): void {
  app.get(
    '/v1/orgs/:org/jobs/:id/comparison',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'What a job had to do with, beside another job or the runs before it.',
        params: OfOrganisation.extend({ id: Id }),
        querystring: z.object({
          /** Another job’s id, or `baseline`: destinations of its last 100 finished runs before it. */
          with: z.union([z.literal('baseline'), Id]).default('baseline'),
          of: z.enum(compared).default('destinations'),
          /** Those in this job alone, in the other alone, in both, or in both with another number or other verdicts. */
          only: z.enum(places).optional(),
          /** A part of what it is, whatever its case. */
          search: z.string().min(1).max(500).optional(),
          limit: z.coerce.number().int().min(1).max(500).default(100),
          after: z.coerce.number().int().min(0).max(1_000_000).default(0),
        }),
        response: {
          200: z.object({
            items: z.array(Difference),
            next: z.int().nullable(),
            /** Of all, whatever was asked for. */
            counts: z.object({
              here: z.int(),
              there: z.int(),
              both: z.int(),
              /** Of those in both. */
              different: z.int(),
            }),
            /** Runs of the baseline; null: it was another job. */
            runs: z.int().nullable(),
            /** false: a job has to do with more than the first 100,000 that are compared of it. */
            isWhole: z.boolean(),
          }),
        },
      },
    },
    async ({ organisation, params: { id }, query }) => {
      const { with: other, of, only = null, search: like = '', limit, after } = query
      const asked = { only, like, ofRuns: other === 'baseline', limit, after }
      const job = jobOfOrganisation(db, organisation.id, id)
      if (job === undefined) throw notFound('job')
      const index = await ingest.indexer.index()
      const here = sideOf(index, id, of)
      if (other !== 'baseline') {
        if (jobOfOrganisation(db, organisation.id, other) === undefined) throw notFound('job')
        const there = sideOf(index, other, of)
        const isWhole = here.isWhole && there.isWhole
        return {
          ...differences(here.sides, there.sides, asked),
          runs: null,
          isWhole,
        }
      }
      if (of !== 'destinations')
        throw badRequest('query', 'of', 'a baseline is of destinations alone')
      const { repository, workflow, job: name } = job
      const ref = db.get<{ ref: string | null }>(
        'SELECT workflow_ref AS ref FROM jobs WHERE id = ?',
        id,
      )
      const file = workflowPath(ref?.ref ?? null) ?? workflow
      const past =
        repository === null || file === null || name === null
          ? []
          : pastJobs(
              db,
              organisation.id,
              { repository, workflow: file, job: name, runs },
              { now: clock(), before: id },
            )
      const there = await baselineSide(index, past)
      const { sides, isWhole } = here
      return { ...differences(sides, there, asked), runs: past.length, isWhole }
    },
  )
}
