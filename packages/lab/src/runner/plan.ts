import type { Annotation } from './commands.ts'
import type { EngineCommand } from './engine.ts'

/** One leg of `strategy.matrix`, and what the `strategy` context says of it. */
export interface Leg {
  matrix: Record<string, unknown> | null
  strategy: Record<string, unknown>
}

/** What the `needs` context has of a job. */
export interface Need {
  result: JobResult['status']
  outputs: Record<string, string>
}

/** What the worker is told; the runner's own is a message from GitHub. */
export interface Plan extends Leg {
  /** The workflow's file. */
  workflow: string
  /** The file that was triggered, where `workflow` is one that it calls. */
  caller: string
  job: string | undefined
  needs: Record<string, Need>
  workspace: string
  /** RUNNER_TEMP. */
  temp: string
  /** The runner's `_diag`. */
  diag: string
  actions: string | undefined
  repository: string
  ref: string
  sha: string
  event: { name: string; payload: Record<string, unknown> }
  actor: string
  runId: string
  /** RUNNER_NAME and RUNNER_ENVIRONMENT. */
  runner: { name: string; environment: 'self-hosted' | 'github-hosted' }
  /** GITHUB_SERVER_URL and GITHUB_API_URL. */
  urls: { server: string; api: string }
  secrets: Record<string, string>
  inputs: Record<string, string>
  /** ACTIONS_RUNTIME_URL, ACTIONS_ID_TOKEN_REQUEST_URL and their kind: only actions are given them. */
  services: Record<string, string>
  /** The node that runs JavaScript actions. */
  node: string
  engine: EngineCommand | undefined
  /** Where the result goes. */
  result: string
}

export interface StepResult {
  /** GITHUB_ACTION. */
  action: string
  stage: 'pre' | 'main' | 'post'
  name: string
  outcome: 'success' | 'failure' | 'skipped' | 'cancelled'
  /** Exit status of its process; null: none was started, or a signal ended it. */
  status: number | null
  /** Of its root process; null: none was started. */
  pid: number | null
  /** How long its process ran. */
  ms: number
  annotations: Annotation[]
  outputs: Record<string, string>
}

/** An annotation, and where it was made. */
export type StepAnnotation = Annotation & Pick<StepResult, 'action' | 'stage'>

export interface JobResult {
  job: string
  status: 'success' | 'failure' | 'cancelled' | 'skipped'
  steps: StepResult[]
  outputs: Record<string, string>
  /** Of all steps, in order. */
  annotations: StepAnnotation[]
  /** What steps wrote to GITHUB_STEP_SUMMARY, masked. */
  summary: string
}
