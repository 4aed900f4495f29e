import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Action, readAction, type Stage } from './action.ts'
import { actionCommand, JobContainer, type Mounted } from './engine.ts'
import { RunnerError } from './error.ts'
import { type Contexts, holds, mapping, type Status, textOf, textsOf } from './expression.ts'
import type { Told } from './file-commands.ts'
import { endOrphans } from './orphans.ts'
import type { JobResult, Plan, StepResult } from './plan.ts'
import { findProgram, scriptCommand } from './shell.ts'
import { runProcess, type StepProcess } from './step-process.ts'
import { contextVariables, githubContext, runnerContext } from './variables.ts'
import type { Job, Step, Workflow } from './workflow.ts'

/** The steps of a job, or of a composite action within it. */
interface Level {
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
interface StepEnd {
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

/** One run of a job, in the order and with the processes of GitHub's runner. */
export class JobRun {
  readonly #plan: Plan
  readonly #workflow: Workflow
  readonly #job: Job
  readonly #github: Record<string, unknown>
  readonly #runner: Record<string, string>
  readonly #tracking = `github_${randomUUID()}`
  readonly #results: StepResult[] = []
  readonly #states = new Map<string, Record<string, string>>()
  /** Post stages, to be run from the last to the first. */
  readonly #posts: (() => Promise<void>)[] = []
  /** The job's `env:`, and what steps wrote to GITHUB_ENV. */
  #env: Record<string, string> = {}
  #paths: string[] = []
  #container: JobContainer | undefined
  readonly #top: Level = {
    action: null,
    status: 'success',
    steps: {},
    inputs: {},
    env: {},
    variables: {},
  }

  constructor(plan: Plan, workflow: Workflow, job: Job) {
    this.#plan = plan
    this.#workflow = workflow
    this.#job = job
    this.#github = githubContext(plan, workflow, job)
    this.#runner = runnerContext(plan)
    this.#top.inputs = plan.inputs
  }

  async run(): Promise<JobResult> {
    const event = join(this.#plan.temp, '_github_workflow', 'event.json')
    mkdirSync(dirname(event), { recursive: true })
    writeFileSync(event, JSON.stringify(this.#plan.event.payload))
    this.#env = textsOf(this.#workflow.env, this.#contexts(this.#top), 'success')
    Object.assign(this.#env, textsOf(this.#job.env, this.#contexts(this.#top), 'success'))
    try {
      this.#startContainer()
      await this.#runPre()
      await this.#runSteps(this.#job.steps, this.#top)
      for (const post of this.#posts.toReversed()) await post()
    } finally {
      this.#container?.remove()
      endOrphans(this.#tracking)
    }
    return {
      job: this.#job.id,
      status: this.#top.status === 'success' ? 'success' : 'failure',
      steps: this.#results,
      outputs: textsOf(this.#job.outputs, this.#contexts(this.#top), 'success'),
    }
  }

  #startContainer(): void {
    const { container } = this.#job
    if (container === undefined) return
    const text = (value: typeof container.options): string =>
      textOf(value, this.#contexts(this.#top), 'success')
    const volumes = Array.isArray(container.volumes) ? container.volumes : []
    this.#container = new JobContainer(
      this.#engine(`job '${this.#job.id}'`),
      this.#mounts('/__w'),
      {
        image: text(container.image),
        env: textsOf(container.env, this.#contexts(this.#top), 'success'),
        volumes: volumes.map(text),
        options: text(container.options).split(/\s+/).filter(Boolean),
      },
    )
  }

  /** Before all steps, and only of actions that are there before the checkout: not of local ones. */
  async #runPre(): Promise<void> {
    for (const step of this.#job.steps) {
      if (step.uses === undefined || step.uses.startsWith('./') || step.uses.startsWith('docker:'))
        continue
      const action = readAction(step.uses, this.#plan)
      if (action.using === 'node' && action.pre !== undefined)
        await this.#runStage(step, this.#top, action, action.pre, 'pre')
    }
  }

  async #runSteps(steps: readonly Step[], level: Level): Promise<void> {
    for (const step of steps) {
      const env = this.#stepEnv(step, level)
      const contexts = this.#contexts(level, env)
      if (!holds(step.if, contexts, level.status)) {
        this.#keep(step, level, 'skipped', 'skipped', {})
        this.#results.push({
          ...this.#head(step, level, 'main'),
          outcome: 'skipped',
          status: null,
          pid: null,
        })
        continue
      }
      const { succeeded, outputs } = await this.#runStep(step, level, env)
      const goesOn = textOf(step.continueOnError, contexts, level.status) === 'true'
      const outcome = succeeded ? 'success' : 'failure'
      this.#keep(step, level, outcome, goesOn ? 'success' : outcome, outputs)
      if (!succeeded && !goesOn) level.status = 'failure'
    }
  }

  #keep(
    step: Step,
    level: Level,
    outcome: string,
    conclusion: string,
    outputs: Record<string, string>,
  ): void {
    level.steps[step.id] = { outputs, outcome, conclusion }
  }

  async #runStep(
    step: Step,
    level: Level,
    env: Readonly<Record<string, string>>,
  ): Promise<StepEnd> {
    if (step.uses === undefined) return await this.#runScript(step, level, env)
    if (step.uses.startsWith('docker://'))
      return await this.#runDocker(step, level, env, step.uses.slice(9), undefined, undefined)
    const action = readAction(step.uses, this.#plan)
    if (action.using === 'composite') return await this.#runComposite(step, level, env, action)
    if (action.using === 'docker') {
      if (!action.image.startsWith('docker://'))
        throw new RunnerError(
          `'uses: ${step.uses}': the simulator builds no image from a Dockerfile`,
        )
      return await this.#runDocker(
        step,
        level,
        env,
        action.image.slice(9),
        action,
        action.entrypoint,
      )
    }
    if (action.pre !== undefined && action.origin === null)
      console.log(
        `Warning: 'pre' is not run for the local action ${step.uses}, as with GitHub's runner`,
      )
    const { post } = action
    if (post !== undefined)
      this.#posts.push(async () => {
        if (holds(post.if, this.#contexts(level), this.#top.status))
          await this.#runStage(step, level, action, post, 'post')
      })
    return await this.#runStage(step, level, action, { script: action.main, if: '' }, 'main')
  }

  async #runScript(step: Step, level: Level, env: Readonly<Record<string, string>>) {
    const contexts = this.#contexts(level, env)
    const script = textOf(step.run, contexts, level.status)
    const folder = textOf(
      step.workingDirectory ?? this.#job.workingDirectory,
      contexts,
      level.status,
    )
    // In a container nobody knows whether there is a bash.
    const shell =
      step.shell ?? this.#job.shell ?? (this.#container === undefined ? undefined : 'sh')
    return await this.#launch(level, {
      ...this.#head(step, level, 'main'),
      env,
      cwd: join(this.#plan.workspace, folder),
      timeoutMinutes: step.timeoutMinutes,
      inContainer: true,
      command: (inside, path) => {
        const [program, ...args] = scriptCommand(script, shell, this.#plan.temp, inside)
        // In a container its own PATH finds it.
        return [this.#container === undefined ? findProgram(program, path) : program, ...args]
      },
    })
  }

  async #runStage(
    step: Step,
    level: Level,
    action: Action,
    { script }: Stage,
    stage: StepResult['stage'],
  ) {
    const env = this.#stepEnv(step, level)
    const head = this.#head(step, level, stage)
    const state = this.#states.get(head.action) ?? {}
    return await this.#launch(level, {
      ...head,
      env: {
        ...env,
        ...this.#inputs(step, level, env, action),
        ...originOf(action),
        ...Object.fromEntries(
          Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]),
        ),
      },
      cwd: this.#plan.workspace,
      timeoutMinutes: step.timeoutMinutes,
      inContainer: false,
      command: () => [this.#plan.node, script],
    })
  }

  async #runComposite(
    step: Step,
    level: Level,
    env: Readonly<Record<string, string>>,
    action: Action & { using: 'composite' },
  ) {
    const inputs = this.#inputValues(step, level, env, action)
    const inner: Level = {
      action: this.#head(step, level, 'main').action,
      status: 'success',
      steps: {},
      inputs,
      env,
      variables: { ...originOf(action), GITHUB_ACTION_PATH: action.path },
    }
    await this.#runSteps(action.steps, inner)
    const contexts = this.#contexts(inner, env)
    const outputs = Object.fromEntries(
      Object.entries(action.outputs).map(([name, one]) => [
        name,
        textOf(mapping(one)['value'], contexts, 'success'),
      ]),
    )
    return { succeeded: inner.status === 'success', outputs }
  }

  async #runDocker(
    step: Step,
    level: Level,
    env: Readonly<Record<string, string>>,
    image: string,
    action: (Action & { using: 'docker' }) | undefined,
    entrypoint: string | undefined,
  ) {
    const engine = this.#engine(`step '${step.id}'`)
    const contexts = {
      ...this.#contexts(level, env),
      inputs: action ? this.#inputValues(step, level, env, action) : {},
    }
    const given = textsOf(step.with, contexts, level.status)
    const args =
      action?.args.map((one) => textOf(one, contexts, level.status)) ??
      given['args']?.split(/\s+/) ??
      []
    const mounts = this.#mounts('/github')
    const all = {
      ...env,
      ...(action
        ? {
            ...textsOf(action.env, contexts, level.status),
            ...this.#inputs(step, level, env, action),
            ...originOf(action),
          }
        : {}),
    }
    return await this.#launch(level, {
      ...this.#head(step, level, 'main'),
      env: all,
      cwd: this.#plan.workspace,
      timeoutMinutes: step.timeoutMinutes,
      inContainer: false,
      command: () => {
        const variables = Object.keys({ ...all, ...contextVariables(this.#github, this.#runner) })
        const names = [
          ...variables,
          'GITHUB_ACTION',
          'GITHUB_ENV',
          'GITHUB_PATH',
          'GITHUB_OUTPUT',
          'GITHUB_STATE',
        ]
        return actionCommand(engine, mounts, {
          image,
          entrypoint: given['entrypoint'] ?? entrypoint,
          args,
          variables: names.filter((name) => name !== 'PATH'),
        })
      },
    })
  }

  /** Runs a process of a step, and takes its file commands. */
  async #launch(level: Level, start: Start): Promise<StepEnd> {
    const { action, stage, name } = start
    const container = start.inContainer ? this.#container : undefined
    const { status, pid, told } = await runProcess({
      ...start,
      env: {
        ...start.env,
        ...contextVariables(this.#github, this.#runner),
        ...level.variables,
        GITHUB_ACTION: action,
      },
      paths: this.#paths,
      tracking: this.#tracking,
      plan: this.#plan,
      container,
    })
    this.#take(action, told)
    const outcome = status === 0 ? 'success' : 'failure'
    this.#results.push({ action, stage, name, outcome, status, pid })
    return { succeeded: status === 0, outputs: told.outputs }
  }

  #take(action: string, { env, paths, state }: Told): void {
    // As the runner does: its own variables are set anew for each step, and node's is refused.
    for (const [name, value] of Object.entries(env))
      if (name !== 'NODE_OPTIONS') this.#env[name] = value
    this.#paths.push(...paths)
    this.#states.set(action, { ...this.#states.get(action), ...state })
  }

  #head(step: Step, level: Level, stage: StepResult['stage']) {
    const name = textOf(step.name, this.#contexts(level), level.status)
    return { action: level.action ?? step.id, stage, name: name === '' ? step.id : name }
  }

  #stepEnv(step: Step, level: Level): Record<string, string> {
    const env = { ...this.#env, ...level.env }
    return { ...env, ...textsOf(step.env, this.#contexts(level, env), level.status) }
  }

  #inputValues(
    step: Step,
    level: Level,
    env: Readonly<Record<string, string>>,
    action: Action,
  ): Record<string, string> {
    const contexts = this.#contexts(level, env)
    return {
      ...textsOf(action.inputs, contexts, level.status),
      ...textsOf(step.with, contexts, level.status),
    }
  }

  #inputs(
    step: Step,
    level: Level,
    env: Readonly<Record<string, string>>,
    action: Action,
  ): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.#inputValues(step, level, env, action)).map(([name, value]) => [
        `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
        value,
      ]),
    )
  }

  #contexts(level: Level, env: Readonly<Record<string, string>> = this.#env): Contexts {
    return {
      github: { ...this.#github, action: level.action },
      env,
      runner: this.#runner,
      steps: level.steps,
      inputs: level.inputs,
      secrets: this.#plan.secrets,
      job: { status: this.#top.status },
      vars: {},
      needs: {},
      strategy: {},
      matrix: {},
    }
  }

  #mounts(root: '/__w' | '/github'): Mounted[] {
    const { workspace, temp } = this.#plan
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

  #engine(what: string): NonNullable<Plan['engine']> {
    if (this.#plan.engine === undefined)
      throw new RunnerError(
        `${what} needs a container, and there is no engine: name one as 'engine', e.g. ['podman']`,
      )
    return this.#plan.engine
  }
}

function originOf({ origin }: Action): Record<string, string> {
  return origin === null
    ? {}
    : { GITHUB_ACTION_REPOSITORY: origin.repository, GITHUB_ACTION_REF: origin.ref }
}
