import type { EngineCommand } from './engine.ts'

/** What the worker is told; the runner's own is a message from GitHub. */
export interface Plan {
  /** The workflow's file. */
  workflow: string
  job: string | undefined
  workspace: string
  /** RUNNER_TEMP. */
  temp: string
  actions: string | undefined
  repository: string
  ref: string
  sha: string
  event: { name: string; payload: Record<string, unknown> }
  actor: string
  runId: string
  secrets: Record<string, string>
  inputs: Record<string, string>
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
  outcome: 'success' | 'failure' | 'skipped'
  /** Exit status of its process; null: none was started, or a signal ended it. */
  status: number | null
  /** Of its root process; null: none was started. */
  pid: number | null
}

export interface JobResult {
  job: string
  status: 'success' | 'failure'
  steps: StepResult[]
  outputs: Record<string, string>
}
