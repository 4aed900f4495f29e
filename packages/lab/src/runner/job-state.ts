import { randomUUID } from 'node:crypto'
import type { Action } from './action.ts'
import type { EngineCommand, JobContainer, Mounted } from './engine.ts'
import { RunnerError } from './error.ts'
import { type Contexts, type Status, textOf, textsOf } from './expression.ts'
import type { Told } from './file-commands.ts'
import type { Plan, StepResult } from './plan.ts'
import { runProcess, type StepProcess } from './step-process.ts'
import { contextVariables, githubContext, runnerContext } from './variables.ts'
import type { Job, Step, Workflow } from './workflow.ts'

/** The steps of a job, or of a composite action within it. */
export interface Level {
  /** GITHUB_ACTION of its steps; null: their own ids. */
  action: string | null
  status: Status
  steps: Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }>
  inputs: Readonly<Record<string, string>>
  env: Readonly<Record<string, string>>
  /** GITHUB_ACTION_*, in a composite action. */
  variables: Readonly<Record<string, string>>
}

/** How a step ended. */
export interface StepEnd {
  succeeded: boolean
  outputs: Record<string, string>
}

/** What one process of a step needs. */
type Start = Pick<
  StepProcess,
  'action' | 'stage' | 'name' | 'env' | 'cwd' | 'timeoutMinutes' | 'command'
> & {
  /** It runs in the job's container, where there is one. */
  inContainer: boolean
}

/** What a job has come to so far, and the processes that it makes. */
export class JobState {
  readonly plan: Plan
  readonly job: Job
  readonly tracking = `github_${randomUUID()}`
  readonly results: StepResult[] = []
  /** The job's `env:`, and what steps wrote to GITHUB_ENV. */
  env: Record<string, string> = {}
  container: JobContainer | undefined
  readonly top: Level = {
    action: null,
    status: 'success',
    steps: {},
    inputs: {},
    env: {},
    variables: {},
  }
  readonly #github: Record<string, unknown>
  readonly #runner: Record<string, string>
  readonly #states = new Map<string, Record<string, string>>()
  readonly #paths: string[] = []

  constructor(plan: Plan, workflow: Workflow, job: Job) {
    this.plan = plan
    this.job = job
    this.#github = githubContext(plan, workflow, job)
    this.#runner = runnerContext(plan)
    this.top.inputs = plan.inputs
    this.env = textsOf(workflow.env, this.contexts(this.top), 'success')
    Object.assign(this.env, textsOf(job.env, this.contexts(this.top), 'success'))
  }

  /** Runs a process of a step, and takes its file commands. */
  async launch(level: Level, start: Start): Promise<StepEnd> {
    const { action, stage, name } = start
    const container = start.inContainer ? this.container : undefined
    const { status, pid, told } = await runProcess({
      ...start,
      env: {
        ...start.env,
        ...this.variables(),
        ...level.variables,
        GITHUB_ACTION: action,
      },
      paths: this.#paths,
      tracking: this.tracking,
      plan: this.plan,
      container,
    })
    this.#take(action, told)
    const outcome = status === 0 ? 'success' : 'failure'
    this.results.push({ action, stage, name, outcome, status, pid })
    return { succeeded: status === 0, outputs: told.outputs }
  }

  /** What a step told. */
  #take(action: string, { env, paths, state }: Told): void {
    // As the runner does: its own variables are set anew for each step, and node's is refused.
    for (const [name, value] of Object.entries(env))
      if (name !== 'NODE_OPTIONS') this.env[name] = value
    this.#paths.push(...paths)
    this.#states.set(action, { ...this.#states.get(action), ...state })
  }

  /** How a step is called. */
  head(step: Step, level: Level, stage: StepResult['stage']) {
    const name = textOf(step.name, this.contexts(level), level.status)
    return { action: level.action ?? step.id, stage, name: name === '' ? step.id : name }
  }

  /** The `env` context of a step. */
  stepEnv(step: Step, level: Level): Record<string, string> {
    const env = { ...this.env, ...level.env }
    return { ...env, ...textsOf(step.env, this.contexts(level, env), level.status) }
  }

  /** `inputs` of an action: its defaults, and `with:`. */
  inputValues(
    step: Step,
    level: Level,
    env: Readonly<Record<string, string>>,
    action: Action,
  ): Record<string, string> {
    const contexts = this.contexts(level, env)
    return {
      ...textsOf(action.inputs, contexts, level.status),
      ...textsOf(step.with, contexts, level.status),
    }
  }

  /** INPUT_… */
  inputs(
    step: Step,
    level: Level,
    env: Readonly<Record<string, string>>,
    action: Action,
  ): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.inputValues(step, level, env, action)).map(([name, value]) => [
        `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
        value,
      ]),
    )
  }

  contexts(level: Level, env: Readonly<Record<string, string>> = this.env, step?: Step): Contexts {
    return {
      github: { ...this.#github, action: level.action ?? step?.id ?? null },
      env,
      runner: this.#runner,
      steps: level.steps,
      inputs: level.inputs,
      secrets: this.plan.secrets,
      job: { status: this.top.status },
      vars: {},
      needs: {},
      strategy: {},
      matrix: {},
    }
  }

  /** Where the job's folders are in its container, and in those of actions. */
  mounts(root: '/__w' | '/github'): Mounted[] {
    const { workspace, temp } = this.plan
    return root === '/github'
      ? [
          { from: workspace, to: '/github/workspace' },
          { from: temp, to: temp },
        ]
      : [
          { from: workspace, to: '/__w/repo/repo' },
          { from: temp, to: '/__w/_temp' },
        ]
  }

  /** @throws RunnerError when there is none */
  engine(what: string): EngineCommand {
    if (this.plan.engine === undefined)
      throw new RunnerError(
        `${what} needs a container, and there is no engine: name one as 'engine', e.g. ['podman']`,
      )
    return this.plan.engine
  }

  /** STATE_…: what the action told in its stages before. */
  stateOf(action: string): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.#states.get(action) ?? {}).map(([name, value]) => [
        `STATE_${name}`,
        value,
      ]),
    )
  }

  /** GITHUB_* and RUNNER_* of every step. */
  variables(): Record<string, string> {
    return contextVariables(this.#github, this.#runner)
  }
}
