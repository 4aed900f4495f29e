import { JobRecommendation } from '@runwarden/events/control-plane'
import { z } from 'zod'
import { jobRecommendation } from '../baselines/job-recommendation.ts'
import type { App, Context } from '../context.ts'
import { Id } from './page.ts'

/** What the last stage of a job tells, with what is known of its past. */
export function register(app: App, context: Context): void {
  app.get(
    '/v1/jobs/:id/recommendation',
    {
      config: { right: 'job' },
      schema: {
        summary:
          'The smallest policy that a finished job and its earlier runs would have needed, for the agent of that job.',
        params: z.object({ id: Id }),
        response: { 200: JobRecommendation },
      },
    },
    ({ params: { id } }) => jobRecommendation(context, id),
  )
}
