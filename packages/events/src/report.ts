import { z } from 'zod'
import { Hook } from './event.ts'
import { ProcessProgram } from './process.ts'
import { Protocol, Severity, Verdict } from './words.ts'

/**
 * The contract of `report.json`: what one run did, folded from its events. Outside tools rely on
 * these fields: they are only ever added. Lists are bounded; where one was cut, `truncated` says by how many.
 */

/** A list of the report itself: more than any bound of whoever writes one. Longer ones are refused before an entry is looked at. */
const list = <T extends z.ZodType>(entry: T): z.ZodArray<T> => z.array(entry).max(100_000)
/** A list of one entry. */
const few = <T extends z.ZodType>(entry: T): z.ZodArray<T> => z.array(entry).max(10_000)
/** Values by a word of a known set: a kind, a verdict, a status. */
export const counted = <T extends z.ZodType>(value: T, word = z.string()) =>
  z
    .record(word, value)
    .refine((all) => Object.keys(all).length <= 1000, { error: 'has more than 1000 entries' })

export const ReportProcess = z.object({
  execId: z.string(),
  exe: z.string(),
  step: z.string().nullable(),
  /** Which of the process's `images` it was at the time; null: the process is not in `processes`. */
  image: z.int().nullable(),
})
export type ReportProcess = z.infer<typeof ReportProcess>
z.globalRegistry.add(ReportProcess, { id: 'ReportProcess' })

export const Destination = z.object({
  host: z.string().nullable(),
  address: z.string(),
  port: z.int(),
  protocol: Protocol,
  verdict: Verdict,
  reason: z.string(),
  rule: z.string().nullable(),
  count: z.int(),
  bytesOut: z.number(),
  processes: few(ReportProcess),
  /** `seq` of the first event of it. */
  firstSeq: z.int(),
  /** Every address behind the host, the first ones when there were many. */
  addresses: few(z.string()),
  /** On the machine itself (loopback): always allowed, never part of a recommended policy. */
  local: z.boolean(),
  /** The line of a policy that allows it; null: no line can. */
  endpoint: z.string().nullable(),
})
export type Destination = z.infer<typeof Destination>
z.globalRegistry.add(Destination, { id: 'ReportDestination' })

export const ReportDns = z.object({
  name: z.string(),
  type: z.string(),
  verdict: Verdict,
  reason: z.string(),
  server: z.string(),
  rcode: z.string().nullable(),
  addresses: few(z.string()),
  count: z.int(),
  processes: few(ReportProcess),
})
export type ReportDns = z.infer<typeof ReportDns>
z.globalRegistry.add(ReportDns, { id: 'ReportDns' })

export const ReportHttp = z.object({
  method: z.string(),
  scheme: z.enum(['http', 'https']),
  host: z.string(),
  path: z.string(),
  verdict: Verdict,
  /** Why; absent: it was allowed. */
  reason: z.string().optional(),
  step: z.string().nullable(),
  count: z.int(),
  /** How often each status came; requests without one are in none. */
  statuses: counted(z.int()),
  requestBytes: z.number(),
  responseBytes: z.number(),
  processes: few(ReportProcess),
})
export type ReportHttp = z.infer<typeof ReportHttp>
z.globalRegistry.add(ReportHttp, { id: 'ReportHttp' })

/** Traffic whose content was not read, by program. */
export const ReportOpaque = z.object({
  exe: z.string(),
  host: z.string().nullable(),
  reason: z.string(),
  library: z.string().nullable(),
  connections: z.int(),
  bytesSent: z.number(),
  bytesReceived: z.number(),
  processes: few(ReportProcess),
})
export type ReportOpaque = z.infer<typeof ReportOpaque>
z.globalRegistry.add(ReportOpaque, { id: 'ReportOpaque' })

/** Calls of one endpoint of GitHub, and what they mean for the job's token. */
export const ReportTokenCall = z.object({
  endpoint: z.string(),
  /** `owner/name`; null: it names none. */
  repository: z.string().nullable(),
  count: z.int(),
  /** e.g. `contents: read`. */
  needs: few(z.string()),
  /** `any`: one of `needs` is enough; `unclear`: one is, or all are. */
  together: z.enum(['all', 'any', 'unclear']),
  meaning: z.enum(['needed', 'none', 'unknown', 'other-token', 'outside']),
  programs: few(z.string()),
})
export type ReportTokenCall = z.infer<typeof ReportTokenCall>
z.globalRegistry.add(ReportTokenCall, { id: 'ReportTokenCall' })

export const ReportFile = z.object({
  path: z.string(),
  action: z.enum(['write', 'create', 'delete', 'rename', 'read']),
  execId: z.string().nullable(),
  exe: z.string(),
  to: z.string().nullable(),
  sensitive: z.string().nullable(),
  workspace: z.boolean(),
  /** The kernel's errno when it failed, 0 when it was done. */
  errno: z.int(),
  count: z.int(),
})
export type ReportFile = z.infer<typeof ReportFile>
z.globalRegistry.add(ReportFile, { id: 'ReportFile' })

/** A file of the workspace that another process than its first writer changed; one entry for each program and outcome. */
export const ReportChange = z.object({
  path: z.string(),
  /** As in the event `file.changed`. */
  state: z.enum(['changed', 'restored', 'unchanged', 'unknown']),
  ways: few(z.string()),
  execId: z.string().nullable(),
  exe: z.string(),
  step: z.string().nullable(),
  /** Who wrote it first; null: it was there before the run. */
  writer: z.object({ exe: z.string(), step: z.string().nullable() }).nullable(),
  relation: z.enum(['same-program', 'same-step', 'other-step', 'before-run']),
  /** SHA-256, hexadecimal; null: not known. Of the last time. */
  before: z.string().nullable(),
  after: z.string().nullable(),
  /** The folder of the dependency that it belongs to; null: the checkout's own. */
  dependency: z.string().nullable(),
  count: z.int(),
})
export type ReportChange = z.infer<typeof ReportChange>
z.globalRegistry.add(ReportChange, { id: 'ReportChange' })

/** A node of the process tree, parents before children. */
export const ReportNode = z.object({
  execId: z.string(),
  parentExecId: z.string().nullable(),
  pid: z.int(),
  uid: z.int(),
  /** The programs that this process has been, in order: it may exec more than once. */
  images: few(
    z.object({
      exe: z.string(),
      argv: few(z.string()),
      argvTruncated: z.boolean(),
      cwd: z.string(),
      time: z.number(),
      /** Of the program's file as it was started; missing: not known. */
      sha256: z.string().exactOptional(),
      /** Why it was not read; missing: it was, or nothing was told. */
      unread: ProcessProgram.shape.unread.exactOptional(),
    }),
  ),
  step: z.string().nullable(),
  startTime: z.number(),
  endTime: z.number().nullable(),
  code: z.int().nullable(),
  signal: z.int().nullable(),
})
export type ReportNode = z.infer<typeof ReportNode>
z.globalRegistry.add(ReportNode, { id: 'ReportNode' })

/** What a program's file held as it was started; one entry for each file with one content. */
export const ReportProgram = z.object({
  path: z.string(),
  /** Which process became it first. */
  execId: z.string().nullable(),
  step: z.string().nullable(),
  /** As in the event `process.program`. */
  size: z.number().nullable(),
  sha256: z.string().nullable(),
  unread: ProcessProgram.shape.unread,
  /** How often it was started. */
  count: z.int(),
})
export type ReportProgram = z.infer<typeof ReportProgram>
z.globalRegistry.add(ReportProgram, { id: 'ReportProgram' })

export const ReportDetection = z.object({
  id: z.string(),
  severity: Severity,
  title: z.string(),
  text: z.string(),
  evidence: few(z.int()),
  step: z.string().nullable(),
  execId: z.string().nullable(),
  /** The evidence in words, as far as it was still at hand when the detection was made. */
  acts: few(z.object({ seq: z.int(), time: z.number(), text: z.string() })),
})
export type ReportDetection = z.infer<typeof ReportDetection>
z.globalRegistry.add(ReportDetection, { id: 'ReportDetection' })

/** Findings that a suppression says are expected: kept apart, of each detection as many as of a severity. */
export const ReportSuppressed = z.object({
  id: z.string(),
  title: z.string(),
  /** The suppression's reason, with its place. */
  by: z.string(),
  count: z.int(),
})
export type ReportSuppressed = z.infer<typeof ReportSuppressed>
z.globalRegistry.add(ReportSuppressed, { id: 'ReportSuppressed' })

/** A change of a process's own confinement, or an attempt at one. */
export const ReportSandbox = z.object({
  change: z.string(),
  detail: z.string(),
  execId: z.string().nullable(),
  errno: z.int(),
  count: z.int(),
})
export type ReportSandbox = z.infer<typeof ReportSandbox>
z.globalRegistry.add(ReportSandbox, { id: 'ReportSandbox' })

export const Health = z.object({
  tier: z.enum(['T0', 'T1', 'T2', 'none']),
  /** From the start of `runwarden` to the command's exec, milliseconds; null: never armed. */
  armedMs: z.number().nullable(),
  hooks: few(Hook),
  eventsLost: counted(z.number()),
  /** What could not be seen or kept, sentence by sentence; empty: nothing is known to be missing. */
  gaps: list(z.string()),
  /** An agent before this one was killed, and this record begins where the next one took over; or a part of it has ended. */
  interrupted: z.boolean().optional(),
})
export type Health = z.infer<typeof Health>
z.globalRegistry.add(Health, { id: 'ReportHealth' })

/** The job's place on GitHub; null: not known. */
export const GithubFacts = z.object({
  /** `owner/name`. */
  repository: z.string().nullable(),
  /** GITHUB_API_URL and GITHUB_SERVER_URL. */
  apiUrl: z.string().nullable(),
  serverUrl: z.string().nullable(),
  /** What the job's token may do, as `permissions:` of a workflow has it. */
  granted: counted(z.string()).nullable(),
})
export type GithubFacts = z.infer<typeof GithubFacts>

/** What the builder is told about a run beside its events. */
export const RunFacts = z.object({
  version: z.string(),
  scope: z.string(),
  /** As long as the kernel takes one. */
  command: z.array(z.string()).max(2_000_000),
  step: z.string(),
  egress: z.enum(['audit', 'block']),
  /** `armed`: policy was enforced; `unprotected`: fail-mode open let the command run without. */
  protection: z.enum(['armed', 'unprotected', 'not-run']),
  policyFile: z.string().nullable(),
  /** Lines of the policy that say more than an endpoint (steps, programs, names, requests), the first ones when there were many. */
  policyLines: list(
    z.object({
      /** As events and destinations name it. */
      rule: z.string(),
      endpoint: z.string(),
      /** As an entry of `allow`. */
      entry: z.string(),
    }),
  ).optional(),
  startTime: z.number(),
  endTime: z.number(),
  kernel: z.string(),
  /** Of the command; null: none was run, a job that others run was watched. */
  exitStatus: z.int().nullable(),
  /** Whose runner the job was on, by its marks (`GitHub`, `Depot`); null or absent: nobody's that is known. */
  runner: z.string().nullish(),
  /** Processes that outlived the command, and what was done with them. */
  leftOver: list(
    z.object({ execId: z.string().nullable(), pid: z.int(), exe: z.string(), ended: z.boolean() }),
  ),
  /** Empty: there was none. */
  workspace: z.string(),
  /** The place of the policy's line by which changes of its files were not watched; null or absent: they were. */
  filesUnwatched: z.string().nullish(),
  /** What is known of the job on GitHub. */
  github: GithubFacts,
  health: Health,
})
export type RunFacts = z.infer<typeof RunFacts>

export const Report = RunFacts.extend({
  schema: z.literal(1),
  destinations: list(Destination),
  dns: list(ReportDns),
  http: list(ReportHttp),
  opaque: list(ReportOpaque),
  files: list(ReportFile),
  /** Absent where there are none. */
  changes: list(ReportChange).optional(),
  processes: list(ReportNode),
  /** Absent where of none it was told. */
  programs: list(ReportProgram).optional(),
  sandbox: list(ReportSandbox),
  detections: list(ReportDetection),
  suppressed: list(ReportSuppressed).optional(),
  /** `stages`: those that were seen to begin, in their order. */
  steps: list(z.object({ id: z.string(), name: z.string(), stages: few(z.string()).optional() })),
  recommendedPolicy: z.string(),
  /** A `permissions:` block, ready to be pasted into the workflow; null: no content was read that could tell. */
  minimumPermissions: z.string().nullable(),
  tokenCalls: list(ReportTokenCall),
  /** Entries left out of a list for its bound, by list. */
  truncated: counted(z.int()),
  /** `byVerdict` counts acts (attempts, queries, requests), loopback left out. */
  counts: z.object({
    events: z.int(),
    processes: z.int(),
    byKind: counted(z.int()),
    byVerdict: counted(z.int()),
  }),
})
export type Report = z.infer<typeof Report>
z.globalRegistry.add(Report, { id: 'Report' })
