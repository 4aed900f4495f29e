import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Action } from './action.ts'
import type { EngineCommand, JobContainer, Mounted } from './engine.ts'
import { RunnerError } from './error.ts'
import { type Contexts, holds, type Status, textOf, textsOf } from './expression.ts'
import { JobLog } from './log-pages.ts'
import { Masks } from './masks.ts'
import type { Told } from './file-commands.ts'
import type { Plan, StepResult } from './plan.ts'
import { runProcess, type StepProcess } from './step-process.ts'
import { contextVariables, githubContext, runnerContext } from './variables.ts'
import type { Job, Step, Workflow } from './workflow.ts'

/** The steps of a job, or of a composite action within it. */
export interface Level {
  /** Tells it apart from all others of the job. */
  path: string
  /** GITHUB_ACTION of its steps; null: their own ids. */
  action: string | null
  status: Status
  steps: Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }>
  inputs: Readonly<Record<string, string>>
  env: Readonly<Record<string, string>>
  /** GITHUB_ACTION_*, in a composite action. */
  variables: Readonly<Record<string, string>>
  /** Of the composite actions in it, by the step that uses them: the same for all their stages. */
  inner: Map<string, Level>
  /** What is to be run behind all steps, from the last to the first. */
  posts: (() => Promise<void>)[]
}

export function makeLevel(level: Omit<Level, 'inner' | 'posts' | 'status' | 'steps'>): Level {
  return { ...level, status: 'success', steps: {}, inner: new Map(), posts: [] }
}

/** How a step ended. */
export interface StepEnd {
  succeeded: boolean
  /** The job was cancelled meanwhile. */
  cancelled?: boolean
  outputs: Record<string, string>
}

/** What one process of a step needs. */
type Start = Pick<
  StepProcess,
  'action' | 'stage' | 'name' | 'env' | 'cwd' | 'timeoutMinutes' | 'command' | 'failure'
> & {
  /** Tells its action's state apart from others'. */
  key: string
  /** It runs in the job's container, where there is one. */
  inContainer: boolean
  warnings?: readonly string[]
  /** The path that a file has in a container that its process makes. */
  translate?: (path: string) => string
}

/** What a job has come to so far, and the processes that it makes. */
export class JobState {
  readonly plan: Plan
  readonly job: Job
  readonly tracking = `github_${randomUUID()}`
  readonly results: StepResult[] = []
  /** Of the step that runs now: looked at again when the job is cancelled, which ends only a step that it no longer holds for. */
  condition = 'always()'
  /** The job's summary, in parts. */
  readonly summaries: string[] = []
  /** The job's `env:`, and what steps wrote to GITHUB_ENV. */
  env: Record<string, string> = {}
  container: JobContainer | undefined
  /** `job.services`, by their names. */
  readonly services: Record<string, unknown> = {}
  /** Steps whose post is to be run, by their keys. */
  readonly registered = new Set<string>()
  /** The network of the job's containers. */
  network: string | undefined
  readonly masks: Masks
  readonly log: JobLog
  readonly cancel = new AbortController()
  readonly top: Level = makeLevel({ path: '', action: null, inputs: {}, env: {}, variables: {} })
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
    const tokens = Object.entries(plan.services).filter(([name]) => name.endsWith('_TOKEN'))
    this.masks = new Masks({ ...plan.secrets, ...Object.fromEntries(tokens) })
    this.log = new JobLog(join(plan.diag, 'pages'), this.masks)
    this.env = textsOf(workflow.env, this.contexts(this.top), 'success')
    Object.assign(this.env, textsOf(job.env, this.contexts(this.top), 'success'))
  }

  /** Runs a process of a step, and takes its file commands. */
  async launch(level: Level, start: Start): Promise<StepEnd> {
    const { action, stage, name, key } = start
    const container = start.inContainer ? this.container : undefined
    const log = this.log.step()
    const stop = new AbortController()
    const again = (): void => {
      if (!this.#stillHolds(level)) stop.abort()
    }
    this.cancel.signal.addEventListener('abort', again)
    const begun = performance.now()
    const { status, succeeded, pid, told, annotations } = await runProcess({
      warnings: [],
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
      log,
      masks: this.masks,
      cancelled: stop.signal,
    }).finally(() => this.cancel.signal.removeEventListener('abort', again))
    const ms = performance.now() - begun
    log.end()
    this.#take(key, told)
    const cancelled = stop.signal.aborted
    const outcome = succeeded ? 'success' : cancelled ? 'cancelled' : 'failure'
    const { outputs } = told
    this.results.push({ action, stage, name, outcome, status, pid, ms, annotations, outputs })
    return { succeeded, cancelled, outputs }
  }

  #stillHolds(level: Level): boolean {
    try {
      return holds(this.condition, this.contexts(level), 'cancelled')
    } catch (error) {
      if (error instanceof RunnerError) return false
      throw error
    }
  }

  /** What a step told. */
  #take(key: string, { env, paths, state, summary }: Told): void {
    if (summary !== '') this.summaries.push(this.masks.apply(summary))
    // As the runner does: its own variables are set anew for each step, and node's is refused.
    for (const [name, value] of Object.entries(env))
      if (name !== 'NODE_OPTIONS') this.env[name] = value
    this.#paths.push(...paths)
    this.#states.set(key, { ...this.#states.get(key), ...state })
  }

  /** How a step is called. */
  head(step: Step, level: Level, stage: StepResult['stage']) {
    const name = textOf(step.name, this.contexts(level), level.status)
    const key = `${level.path}/${step.id}`
    return { key, action: level.action ?? step.id, stage, name: name === '' ? step.id : name }
  }

  /** The `env` context of a step. */
  stepEnv(step: Step, level: Level): Record<string, string> {
    const env = { ...this.env, ...level.env }
    return { ...env, ...textsOf(step.env, this.contexts(level, env), level.status) }
  }

  /** `inputs` of an action: its defaults, and `with:`. */
  inputValues(step: Step, level: Level, action: Action): Record<string, string> {
    const contexts = this.contexts(level, this.stepEnv(step, level))
    return {
      ...textsOf(action.inputs, contexts, level.status),
      ...textsOf(step.with, contexts, level.status),
    }
  }

  /** INPUT_… */
  inputs(step: Step, level: Level, action: Action): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.inputValues(step, level, action)).map(([name, value]) => [
        `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
        value,
      ]),
    )
  }

  /** Inputs that the action does not have. */
  unexpected(step: Step, level: Level, action: Action): string[] {
    const known = Object.keys(action.inputs)
    if (action.using === 'docker') known.push('entrypoint', 'args')
    const same = new Set(known.map((name) => name.toLowerCase()))
    const given = Object.keys(textsOf(step.with, this.contexts(level), level.status))
    const unknown = given.filter((name) => !same.has(name.toLowerCase()))
    return unknown.length === 0
      ? []
      : [
          `Unexpected input(s) '${unknown.join("', '")}', valid inputs are ['${known.join("', '")}']`,
        ]
  }

  contexts(level: Level, env: Readonly<Record<string, string>> = this.env, step?: Step): Contexts {
    return {
      github: {
        ...this.#github,
        action: level.action ?? step?.id ?? null,
        token: this.plan.secrets['GITHUB_TOKEN'] ?? '',
      },
      env,
      runner: this.#runner,
      steps: level.steps,
      inputs: level.inputs,
      secrets: this.plan.secrets,
      job: { status: this.top.status, services: this.services },
      vars: {},
      needs: this.plan.needs,
      strategy: this.plan.strategy,
      matrix: this.plan.matrix ?? {},
    }
  }

  /** Where the job's folders are in its container, and in those of actions. */
  mounts(root: '/__w' | '/github'): Mounted[] {
    const { workspace, temp, actions, node } = this.plan
    return root === '/github'
      ? [
          { from: workspace, to: '/github/workspace' },
          { from: join(temp, '_github_home'), to: '/github/home' },
          { from: join(temp, '_github_workflow'), to: '/github/workflow' },
          { from: join(temp, '_runner_file_commands'), to: '/github/file_commands' },
        ]
      : [
          { from: workspace, to: '/__w/repo/repo' },
          { from: temp, to: '/__w/_temp' },
          { from: dirname(node), to: '/__e/node24/bin' },
          ...(actions === undefined ? [] : [{ from: actions, to: '/__w/_actions' }]),
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
  stateOf(key: string): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.#states.get(key) ?? {}).map(([name, value]) => [`STATE_${name}`, value]),
    )
  }

  /** GITHUB_* and RUNNER_* of every step. */
  variables(): Record<string, string> {
    return contextVariables(this.#github, this.#runner)
  }
}
