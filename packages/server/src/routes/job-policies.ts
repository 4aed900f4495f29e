import { JobPolicies } from '@runwarden/events/control-plane'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { notFound } from '../error.ts'
import { policiesNow } from '../ingest/in-force.ts'
import { toldOf } from '../policies/effective.ts'
import { rememberPolicies } from '../policies/given.ts'
import { Id } from './page.ts'

/** What an agent asks for when it is told of another version. */
export function register(app: App, { db }: Context): void {
  app.get(
    '/v1/jobs/:id/policies',
    {
      config: { right: 'job' },
      schema: {
        summary: 'The policies that a running job has now, and of which version they are together.',
        params: z.object({ id: Id }),
        response: { 200: JobPolicies },
        fails: { 404: 'unknown-policy: the one that the job asked for was deleted since' },
      },
    },
    ({ params: { id } }): JobPolicies => {
      const now = policiesNow(db, id)
      if (now === undefined) throw notFound('job')
      rememberPolicies(db, id, now.policies)
      return { version: now.version, policies: toldOf(now.policies) }
    },
  )
}
