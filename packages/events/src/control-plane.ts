import { z } from 'zod'

/**
 * What an agent (or the action before it) and the control plane say to each other: `POST /v1/jobs`, JSON both ways. Who
 * asks is in `Authorization: Bearer`: an API key, or GitHub's OIDC token with the server's URL as audience. Fields are
 * only ever added; each side ignores those that it does not know.
 */

const line = z.string().regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'is text on one line')
const name = line.min(1).max(200)
const text = line.max(1024).nullable()

/** Largest answer to a job's start, bytes. */
export const largestJobStarted = 5 << 20

/** A job that starts. With an OIDC token the server believes that one; what stands here is then only what it does not have. */
export const JobStart = z.object({
  version: z.literal(1),
  job: z.object({
    /** `owner/name` */
    repository: text,
    /** The workflow's name. */
    workflow: text,
    /** `owner/name/.github/workflows/file.yml@ref` */
    workflowRef: text,
    /** The job's id in the workflow's file. */
    job: text,
    runId: text,
    runAttempt: text,
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

/** A policy that the server has for the job. Of several, the first level of this order wins (DESIGN §6). */
export const PolicyLevel = z.enum(['job', 'repository', 'organisation', 'cluster'])
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
