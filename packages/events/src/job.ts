/**
 * What the action and the agent say to each other over the agent's socket: one request and one answer for each
 * connection, each a line of JSON. Types only: who may ask is decided by who asks (docs/agent.md#jobs-that-ask).
 */

/** A policy document, or an allow-list as the workflow has it. */
export interface PolicyText {
  /** For messages and for `reason`: `allowed-endpoints`, a path in the repository, the name of a stored policy. */
  name: string
  /** A document of version 1, YAML. */
  text: string
}

/** A job at its control plane, which has started it there. */
export interface JobServer {
  /** Without a slash at its end. */
  url: string
  jobId: string
  /** Secret, for this job alone: it stays in memory. */
  token: string
  /** Its list, beside the job's own one, until it pushes another. */
  blockList: { version: string; text: string } | null
  /** null: the job takes no policies from there. */
  policies: JobPolicySources | null
}

/** What a job's policy is put together of, beside its control plane's documents: these may change while it runs. */
export interface JobPolicySources {
  /** Of the control plane's documents. */
  version: string
  /** What the workflow says itself; null: it does not say. */
  own: {
    egressPolicy: 'audit' | 'block' | null
    failMode: 'closed' | 'open' | null
    /** As it was written. */
    allowedEndpoints: string
    presets: string[]
    /** Ids of detections. */
    lockdown: string[]
    disableSudo: boolean | null
    disableSudoAndContainers: boolean | null
    disableFileMonitoring: boolean | null
  }
  /** The document of `policy-file`. */
  file: PolicyText | null
  /** Exact hosts that this one job needs, `host:port`, and why. */
  hosts: { endpoint: string; why: string }[]
}

/** What the job asks the agent for. */
export interface JobRequest {
  /** The job's own policy, everything in one document. */
  policy: PolicyText
  /** JSON as of docs/policy.md. */
  blockList: PolicyText | null
  /** Rules of detections beside those that are built in. */
  rules: PolicyText[]
  /** Absolute: changes of files below it are told. */
  workspace: string
  /** `host`: the machine is this job's alone; `job`: its processes are taken into a cgroup of their own. */
  scope: 'host' | 'job'
  /** What becomes of the policy when the job has ended. */
  afterJob: 'end' | 'keep'
  /** The agent keeps what fails the job: what the runner keeps for post, a step can change. */
  failMode: 'closed' | 'open'
  failOn: 'none' | 'blocked' | 'detection'
  /** Where what the job does is sent; null: nowhere. */
  server: JobServer | null
  /** Whose runner it is, by its marks; absent: nobody's that is known. */
  runner?: string
  /** What the token was granted, by permission; null: not known. */
  granted: Record<string, string> | null
  /** Actions of the workflow that are pinned to commits which their repositories do not have. */
  imposters: Imposter[]
}

/** A pin to a commit that no branch and no tag of the repository leads to: any fork's can be had by its name. */
export interface Imposter {
  /** As the workflow has it: `owner/name@commit`. */
  uses: string
  /** `owner/name` */
  repository: string
}

/** The job, as its runner told its processes: not as they say themselves. */
export interface JobIdentity {
  repository: string | null
  workflow: string | null
  job: string | null
  runId: string | null
  runAttempt: string | null
}

export type AgentRequest =
  /** Arms the job. `nonce`: 32 random bytes, hex; whoever asks later for this job knows it. */
  | { op: 'begin'; nonce: string; job: JobRequest }
  | { op: 'status'; nonce: string }
  /** Writes the reports. The policy stays in force. */
  | { op: 'report'; nonce: string }
  /** Ends the policy, or leaves it, as `afterJob` says. */
  | { op: 'end'; nonce: string }

/** A job that is armed. */
export interface Armed {
  identity: JobIdentity
  egress: 'audit' | 'block'
  tier: string
  scope: 'host' | 'job'
  /** The cgroup that the policy holds for. */
  cgroup: string
  /** From the request to armed, ms. */
  armedMs: number
  /** Sentences for the log. */
  warnings: string[]
}

export interface JobStatus extends Armed {
  /** So far. */
  blocked: number
  attackBlocked: number
  detections: number
  /** What was not seen or not enforced since, a sentence each. */
  gaps: string[]
}

export interface JobReport {
  /** Where report.json, report.html, summary.md and events.ndjson are; whoever asked may read them. */
  folder: string
  gaps: string[]
  /** The agent was killed and another one took the job over, or a part of it has ended: what is missing is among the gaps. */
  interrupted: boolean
  /** As it was asked for. */
  failMode: JobRequest['failMode']
  failOn: JobRequest['failOn']
  /** What the control plane has not got yet, a sentence; null: it has all, or there is none. */
  unsent: string | null
  /** The policy that this job and its earlier runs would have needed; null: there is no control plane that knows them. */
  recommendation: Recommendation | null
}

export type Recommendation =
  /** A document of docs/policy.md, YAML; and of how many runs beside this one. */
  | { text: string; earlierRuns: number }
  /** Why the control plane has not said it, a sentence. */
  | { failure: string }

export type AgentAnswer<Value> =
  | { ok: true; value: Value }
  /** `advice`: what to do, one sentence; may be empty. */
  | { ok: false; code: string; message: string; advice: string }
