import { z } from 'zod'
import { latest } from './base.ts'
import { policyLevels } from './stored-policy.ts'
import { counted, Report } from './report.ts'

/**
 * What an agent (or the action before it) and the control plane say to each other: `POST /v1/jobs`, JSON both ways. Who
 * asks is in `Authorization: Bearer`: an API key, or GitHub's OIDC token with the server's URL as audience. Fields are
 * only ever added; each side ignores those that it does not know.
 */

const line = z.string().regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'is text on one line')
const name = line.min(1).max(200)
const text = line.max(1024).nullable()

/** A part of a path, that leads nowhere else. */
const place = text.refine((all) => !all?.split('/').some((part) => part === '.' || part === '..'), {
  error: 'has a part that is . or ..',
})

/** Largest answer to a job's start, bytes. */
export const largestJobStarted = 5 << 20

/** A job that starts. With an OIDC token the server believes that one; what stands here is then only what it does not have. */
export const JobStart = z.object({
  version: z.literal(1),
  /** Made up at random for this one start: with the same one it is the same job, whose answer was lost. Without, each is another job. */
  nonce: z
    .string()
    .regex(/^[\w-]{16,100}$/)
    .optional(),
  job: z.object({
    /** `owner/name` */
    repository: place,
    /** The workflow's name. */
    workflow: text,
    /** `owner/name/.github/workflows/file.yml@ref` */
    workflowRef: text,
    /** The job's id in the workflow's file. */
    job: text,
    runId: place,
    runAttempt: place,
    ref: text,
    sha: text,
    event: text,
    actor: text,
  }),
  runner: z.object({
    name: text,
    /** As of RUNNER_OS and RUNNER_ARCH. */
    os: text,
    arch: text,
    environment: text,
  }),
  /** What the workflow asks for: a policy by its name, those that the store has for this job, or neither. */
  policy: z.discriminatedUnion('from', [
    z.object({ from: z.literal('name'), name }),
    z.object({ from: z.literal('store') }),
    z.object({ from: z.literal('workflow') }),
  ]),
})
export type JobStart = z.infer<typeof JobStart>
z.globalRegistry.add(JobStart, { id: 'JobStart' })

export const PolicyLevel = z.enum(policyLevels)
export type PolicyLevel = z.infer<typeof PolicyLevel>

export const StoredPolicy = z.object({
  level: PolicyLevel,
  name,
  /** Of the policy with this name, from 1. */
  version: z.int().min(1),
  /** A document of docs/policy.md, YAML; whoever takes it checks it. */
  text: z.string().max(1 << 20),
})
export type StoredPolicy = z.infer<typeof StoredPolicy>
z.globalRegistry.add(StoredPolicy, { id: 'StoredPolicy' })

export const JobStarted = z.object({
  jobId: z.string().regex(/^[\w-]{1,100}$/),
  /** For this job alone: later calls carry it as `Authorization: Bearer`. */
  token: z.string().regex(/^[\x21-\x7e]{16,8192}$/),
  /** At most one for each level. */
  policies: z
    .array(StoredPolicy)
    .max(PolicyLevel.options.length)
    .refine((all) => new Set(all.map(({ level }) => level)).size === all.length, {
      error: 'has two policies of one level',
    }),
  /** Of all these together. null: the job has asked for none; missing: an older server, which does not push policies. */
  policyVersion: z.string().max(200).nullable().optional(),
  /** JSON of docs/policy.md; null: the server has none. */
  blockList: z.object({ version: name, text: z.string().max(4 << 20) }).nullable(),
  /** Where a person sees the job. Looked at as it came first: a URL's own rules drop line breaks without a word. */
  insightsUrl: z
    .string()
    .regex(/^[\x21-\x7e]{1,2048}$/)
    .pipe(z.url({ protocol: /^https?$/ }))
    .nullable(),
  /** The server's administrators want this job not watched; null: it is to be watched. */
  skip: z.object({ reason: line.min(1).max(500) }).nullable(),
})
export type JobStarted = z.infer<typeof JobStarted>
z.globalRegistry.add(JobStarted, { id: 'JobStarted' })

/** Of a segment's body: unpacked and packed, bytes; of one line of it; and how many lines it has. */
export const largestSegment = { packed: 4 << 20, unpacked: 16 << 20, line: 1 << 20, lines: 1 << 17 }

const sha256 = z.string().regex(/^[\da-f]{64}$/, 'is no SHA-256, 64 lower-case hexadecimal digits')
const sequence = z.int().min(0).max(1e9)

/** `previous` of a job's first segment, and its hash at the end where it has sent none. */
export const firstPrevious = '0'.repeat(64)

/**
 * `POST /v1/jobs/:id/segments/:seq`: events of a job, in order, as NDJSON packed with zstd. Segments count from 1; what of
 * them was not acknowledged is sent again, byte for byte.
 */
export const SegmentHeaders = z.object({
  /** Hash of the segment before it. */
  'runwarden-previous': sha256,
  /** SHA-256 over the 32 bytes of `previous` and the 32 of the body's SHA-256. */
  'runwarden-hash': sha256,
})

export const SegmentAcknowledged = z.object({ acknowledged: sequence })
export type SegmentAcknowledged = z.infer<typeof SegmentAcknowledged>
z.globalRegistry.add(SegmentAcknowledged, { id: 'SegmentAcknowledged' })

/** `POST /v1/jobs/:id/heartbeat` */
export const Heartbeat = z.object({
  /** Of the last segment that the agent has made, sent or not; 0: none. */
  sequence,
  /** Events that could not be kept, by kind. */
  eventsLost: counted(z.int().min(0), z.string().max(100)),
  tier: z.enum(['T0', 'T1', 'T2', 'none']),
  armed: z.boolean(),
})
export type Heartbeat = z.infer<typeof Heartbeat>
z.globalRegistry.add(Heartbeat, { id: 'Heartbeat' })

/** Versions of what holds for this job now; null: there is none. The same come as events of `GET /v1/jobs/:id/stream`. */
export const HeartbeatAnswer = z.object({
  blockListVersion: z.string().nullable(),
  policyVersion: z.string().nullable(),
  /** Of the job's segments, how many are here; missing: a server before this was told. */
  segments: z.int().min(0).optional(),
})
export type HeartbeatAnswer = z.infer<typeof HeartbeatAnswer>
z.globalRegistry.add(HeartbeatAnswer, { id: 'HeartbeatAnswer' })

/** `GET /v1/jobs/:id/policies`: what a running job gets in place of the policies that it started with. */
export const JobPolicies = JobStarted.pick({ policies: true }).extend({
  version: z.string().max(200).nullable(),
})
export type JobPolicies = z.infer<typeof JobPolicies>
z.globalRegistry.add(JobPolicies, { id: 'JobPolicies' })

/** Of a policy document, characters. */
export const largestPolicy = 1 << 20

/** `POST /v1/jobs/:id/policy`: what holds for the job from now on; said when it is armed, and again when that has changed. */
export const PolicyInForce = z.object({
  /** Since when, by the machine's clock, milliseconds since 1970. */
  at: z.int().min(0).max(latest),
  egress: z.enum(['audit', 'block']),
  /** `unprotected`: it could not be; the job goes on without (`fail-mode: open`), or fails. */
  protection: z.enum(['armed', 'unprotected']),
  tier: z.enum(['T0', 'T1', 'T2', 'none']),
  /** All of it as one document of docs/policy.md, YAML; a comment says where a line comes from. null: it is too long. */
  text: z.string().max(largestPolicy).nullable(),
  /** What of the document does not hold for this job, a sentence; null: all of it holds. */
  otherwise: line.max(1000).nullable(),
})
export type PolicyInForce = z.infer<typeof PolicyInForce>
z.globalRegistry.add(PolicyInForce, { id: 'PolicyInForce' })

/** How many the job has had by now; the same again counts once. */
export const PolicyNoted = z.object({ number: z.int().min(1) })
export type PolicyNoted = z.infer<typeof PolicyNoted>
z.globalRegistry.add(PolicyNoted, { id: 'PolicyNoted' })

/** `POST /v1/jobs/:id/finish`: after the last segment was acknowledged. */
export const JobFinish = z.object({
  /** Of the last segment, and its hash. */
  sequence,
  hash: sha256,
  /** null: the agent that watched the job has died; an agent after it has sent what it left, and knows no more. */
  report: Report.nullable(),
  /** Where there is none: why the agent, which lives, could not send it. Missing: it has died. */
  noReport: z.string().max(1000).optional(),
  /** Status of the job's command; null: not known. */
  exit: z.int().nullable(),
})
export type JobFinish = z.infer<typeof JobFinish>
z.globalRegistry.add(JobFinish, { id: 'JobFinish' })

export const JobFinished = z.object({ insightsUrl: z.string().nullable() })
export type JobFinished = z.infer<typeof JobFinished>
z.globalRegistry.add(JobFinished, { id: 'JobFinished' })

/** `GET /v1/jobs/:id/recommendation`, after its finish: the policy that the job and its earlier runs would have needed. */
export const JobRecommendation = z.object({
  /** A document of docs/policy.md, YAML. */
  text: z.string().max(1 << 20),
  /** Runs of the same job that it rests on, beside this one. */
  earlierRuns: z.int().min(0),
})
export type JobRecommendation = z.infer<typeof JobRecommendation>
z.globalRegistry.add(JobRecommendation, { id: 'JobRecommendation' })
