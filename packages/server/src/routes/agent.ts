import {
  Heartbeat,
  HeartbeatAnswer,
  JobFinish,
  JobFinished,
  JobStart,
  JobStarted,
  largestPolicy,
  largestSegment,
  PolicyInForce,
  PolicyNoted,
  SegmentAcknowledged,
  SegmentHeaders,
} from '@runwarden/events/control-plane'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { HttpError, notFound } from '../error.ts'
import { heldBodies } from '../held-bodies.ts'
import { finishJob } from '../ingest/job-end.ts'
import { insightsUrl, jobRow } from '../ingest/job-row.ts'
import { inForce, versionFor } from '../ingest/in-force.ts'
import { policiesFor, toldOf } from '../policies/effective.ts'
import { rememberPolicies } from '../policies/given.ts'
import { keepTold } from '../policies/told.ts'
import { Id } from './page.ts'

/** Bytes of a job's report. */
const largestReport = 16 << 20
/** Bytes that are held at a time: of all, and of a job that sends two at once. */
const heldSegments = {
  most: 128 << 20,
  ofJob: 2 * largestSegment.packed,
  largest: largestSegment.packed,
}
/** For the last of a job's events to be indexed, where its report says what one of them may have said. */
const settleMs = 5000
const heldReports = { most: 128 << 20, ofJob: largestReport, largest: largestReport }

const startExample: JobStart = {
  version: 1,
  nonce: '6f0e4a52-4f0e-4f7c-9c1b-0a4b8a8c2f10',
  job: {
    repository: 'acme/app',
    workflow: 'build',
    workflowRef: 'acme/app/.github/workflows/build.yml@refs/heads/main',
    job: 'test',
    runId: '4711',
    runAttempt: '1',
    ref: 'refs/heads/main',
    sha: null,
    event: 'push',
    actor: 'octocat',
  },
  runner: { name: 'runner 1', os: 'Linux', arch: 'X64', environment: 'self-hosted' },
  policy: { from: 'store' },
}

const OfJob = z.object({ id: Id })
const OfSegment = OfJob.extend({ seq: z.coerce.number().int().min(1).max(1e9) })

/** What agents say of their jobs. */
export function register(app: App, context: Context): void {
  const { aside, auth, blockLists, db, ingest } = context
  app.post(
    '/v1/jobs',
    {
      config: { right: 'agent' },
      schema: {
        summary: 'A job starts: it gets a token of its own, its policies and the block list.',
        body: JobStart,
        example: startExample,
        response: { 200: JobStarted },
        fails: {
          403: 'the token is of an owner whom this server does not serve, or whose name changed hands',
          404: 'unknown-policy: there is none of the name that the job asks for',
          503: 'issuer-unreachable: the token cannot be checked now; try again',
        },
      },
    },
    // Where there is no policy of the name that it asks for, there is no job either.
    ({ body, identity, organisation }): JobStarted =>
      db.transaction(() => {
        const { id, insightsUrl, job } = ingest.jobs.start(identity, organisation, body)
        const policies = policiesFor(db, organisation.id, job, body.policy)
        rememberPolicies(db, id, policies)
        const { version, text } = blockLists.of(organisation.id)
        return {
          jobId: id,
          token: auth.createJobToken(
            id,
            organisation.id,
            identity.kind === 'key' ? identity.id : null,
          ),
          policies: toldOf(policies),
          policyVersion: versionFor(body.policy, policies),
          blockList: { version, text },
          insightsUrl,
          skip: null,
        }
      }),
  )

  app.post(
    '/v1/jobs/:id/segments/:seq',
    {
      config: { right: 'job' },
      bodyLimit: largestSegment.packed,
      onRequest: heldBodies(heldSegments),
      schema: {
        summary:
          'Some of a job’s events: NDJSON packed with zstd, as application/zstd. When it is acknowledged it is kept for good.',
        params: OfSegment,
        headers: z.looseObject(SegmentHeaders.shape),
        consumes: 'application/zstd',
        response: { 200: SegmentAcknowledged },
        fails: {
          400: 'it is no segment, or its hash is another; the same bytes will not be taken',
          409: 'another segment was acknowledged under this number, or the job has finished without it',
          413: `more than ${largestSegment.packed} bytes packed, or ${largestSegment.unpacked} unpacked; job-too-large: the job has sent all that it may (--job-size)`,
          415: 'the body is no application/zstd',
          503: 'too much comes at once; try again after `retry-after`',
          507: 'disk-full: nothing of it was kept; try again later',
        },
      },
    },
    async ({ params: { id, seq }, headers, body }) => {
      if (!Buffer.isBuffer(body))
        throw new HttpError(415, 'unsupported-media-type', 'the body has to be application/zstd')
      const { jobSize } = context.config
      if (jobSize > 0 && (jobRow(db, id)?.bytes ?? 0) + body.length > jobSize)
        throw new HttpError(413, 'job-too-large', `a job may send ${jobSize} bytes, and this has`)
      await ingest.intake.take({
        jobId: id,
        seq,
        previous: Buffer.from(headers['runwarden-previous'], 'hex'),
        hash: Buffer.from(headers['runwarden-hash'], 'hex'),
        body,
      })
      return { acknowledged: seq }
    },
  )

  app.post(
    '/v1/jobs/:id/policy',
    {
      config: { right: 'job' },
      // In JSON a document of quotes is twice as long.
      bodyLimit: 3 * largestPolicy,
      schema: {
        summary:
          'What holds for the job from now on: said when it is armed, and again when that has changed.',
        params: OfJob,
        body: PolicyInForce,
        response: { 200: PolicyNoted },
        fails: { 409: 'job-finished: its report says what held' },
      },
    },
    async ({ params: { id }, body }) => ({ number: await keepTold(db, id, body) }),
  )

  app.post(
    '/v1/jobs/:id/heartbeat',
    {
      config: { right: 'job' },
      schema: {
        summary: 'The agent is there, and asks whether what holds for its job has changed.',
        params: OfJob,
        body: Heartbeat,
        response: { 200: HeartbeatAnswer },
      },
    },
    ({ params: { id }, body }) => {
      const now = inForce(db, blockLists, id)
      if (now === undefined) throw notFound('job')
      ingest.heartbeats.hear(id, body)
      return { ...now, segments: jobRow(db, id)?.segments ?? 0 }
    },
  )

  app.post(
    '/v1/jobs/:id/finish',
    {
      config: { right: 'job' },
      bodyLimit: largestReport,
      onRequest: heldBodies(heldReports),
      schema: {
        summary:
          'A job has finished: its report, and which of its segments was the last. Without a report: its agent has died, and another has sent what it left.',
        params: OfJob,
        reads: JobFinish,
        response: { 200: JobFinished },
        fails: {
          409: 'job-finished: with another last segment; the same again is a success',
          413: `more than ${largestReport} bytes, or too-much: more than is read of one`,
          503: 'too much comes at once; try again after `retry-after`',
        },
      },
    },
    async ({ params: { id }, body, organisation }) => {
      if (!Buffer.isBuffer(body))
        throw new HttpError(415, 'unsupported-media-type', 'the body has to be application/json')
      const finish = await aside.do('finish', body, { organisation: organisation.id, only: id })
      // What the job has said before is what its end is held against.
      ingest.heartbeats.write()
      if ((finish.report?.tampered.length ?? 0) > 0) await ingest.indexer.settled(settleMs)
      return { insightsUrl: insightsUrl(context.url(), finishJob(db, id, finish, context.clock)) }
    },
  )
}
