import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { Report, ReportTokenCall } from '@runwarden/events'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { notFound } from '../error.ts'
import { healthOf, JobHealth } from '../views/health.ts'
import { jobOfOrganisation } from '../views/job-list.ts'
import { permissionsSoFar } from '../views/permissions.ts'
import { Id, OfOrganisation } from './page.ts'

const unpackReport = promisify(zstdDecompress)
/** It was checked when it came, and may have 16 MiB. */
const ReportPart = Report.pick({ health: true, minimumPermissions: true, tokenCalls: true })
const OfJob = OfOrganisation.extend({ id: Id })

const Permissions = z.object({
  /** `permissions:` of a workflow; null: no request was read that could tell. */
  minimumPermissions: z.string().nullable(),
  calls: z.array(ReportTokenCall),
  /** The job goes on, and this is what it has needed until now. */
  soFar: z.boolean(),
  /** There were more requests than are looked at. */
  isCut: z.boolean(),
})
z.globalRegistry.add(Permissions, { id: 'JobPermissions' })

/** What is known of a job whether or not it has finished. */
export function register(app: App, { db, ingest }: Context): void {
  const reportOf = async (
    organisationId: string,
    id: string,
  ): Promise<z.infer<typeof ReportPart> | null> => {
    const found = db.get<{ report: Uint8Array | null }>(
      'SELECT report FROM jobs WHERE organisation_id = ? AND id = ?',
      organisationId,
      id,
    )
    if (found === undefined) throw notFound('job')
    if (found.report === null) return null
    return ReportPart.parse(JSON.parse((await unpackReport(found.report)).toString()))
  }

  app.get(
    '/v1/orgs/:org/jobs/:id/health',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'How whole a job’s record is: tier, hooks, losses, gaps.',
        params: OfJob,
        response: { 200: JobHealth },
      },
    },
    async ({ organisation, params: { id } }) => {
      const report = await reportOf(organisation.id, id)
      return healthOf(await ingest.indexer.index(), id, report)
    },
  )

  app.get(
    '/v1/orgs/:org/jobs/:id/permissions',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'What a job’s token needed, as far as its requests were read.',
        params: OfJob,
        response: { 200: Permissions },
      },
    },
    async ({ organisation, params: { id } }) => {
      const report = await reportOf(organisation.id, id)
      if (report !== null)
        return {
          minimumPermissions: report.minimumPermissions,
          calls: report.tokenCalls,
          soFar: false,
          isCut: false,
        }
      const index = await ingest.indexer.index()
      const repository = jobOfOrganisation(db, organisation.id, id)?.repository ?? null
      const found = await permissionsSoFar(index, ingest.segments, id, repository)
      return { ...found, soFar: true }
    },
  )
}
