import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Action, originOf, readAction, type Stage } from './action.ts'
import { actionCommand, JobContainer } from './engine.ts'
import { RunnerError } from './error.ts'
import { holds, mapping, textOf, textsOf } from './expression.ts'
import { JobState, type Level, type StepEnd } from './job-state.ts'
import { endOrphans } from './orphans.ts'
import type { JobResult, Plan, StepResult } from './plan.ts'
import { findProgram, scriptCommand } from './shell.ts'
import type { Job, Step, Workflow } from './workflow.ts'

/** One run of a job, in the order and with the processes of GitHub's runner. */
export class JobRun {
  readonly #state: JobState
  /** Post stages, to be run from the last to the first. */
  readonly #posts: (() => Promise<void>)[] = []

  constructor(plan: Plan, workflow: Workflow, job: Job) {
    this.#state = new JobState(plan, workflow, job)
  }

  async run(): Promise<JobResult> {
    const event = join(this.#state.plan.temp, '_github_workflow', 'event.json')
    mkdirSync(dirname(event), { recursive: true })
    writeFileSync(event, JSON.stringify(this.#state.plan.event.payload))
    try {
      this.#startContainer()
      await this.#runPre()
      await this.#runSteps(this.#state.job.steps, this.#state.top)
      for (const post of this.#posts.toReversed()) await post()
    } finally {
      this.#state.container?.remove()
      endOrphans(this.#state.tracking)
    }
    return {
      job: this.#state.job.id,
      status: this.#state.top.status === 'success' ? 'success' : 'failure',
      steps: this.#state.results,
      outputs: textsOf(this.#state.job.outputs, this.#state.contexts(this.#state.top), 'success'),
    }
  }

  #startContainer(): void {
    const { container } = this.#state.job
    if (container === undefined) return
    const text = (value: typeof container.options): string =>
      textOf(value, this.#state.contexts(this.#state.top), 'success')
    const volumes = Array.isArray(container.volumes) ? container.volumes : []
    this.#state.container = new JobContainer(
      this.#state.engine(`job '${this.#state.job.id}'`),
      this.#state.mounts('/__w'),
      {
        image: text(container.image),
        env: textsOf(container.env, this.#state.contexts(this.#state.top), 'success'),
        volumes: volumes.map(text),
        options: text(container.options).split(/\s+/).filter(Boolean),
      },
    )
  }

  /** Before all steps, and only of actions that are there before the checkout: not of local ones. */
  async #runPre(): Promise<void> {
    for (const step of this.#state.job.steps) {
      if (step.uses === undefined || step.uses.startsWith('./') || step.uses.startsWith('docker:'))
        continue
      const action = readAction(step.uses, this.#state.plan)
      if (action.using === 'node' && action.pre !== undefined)
        await this.#runStage(step, this.#state.top, action, action.pre, 'pre')
    }
  }

  async #runSteps(steps: readonly Step[], level: Level): Promise<void> {
    for (const step of steps) {
      const env = this.#state.stepEnv(step, level)
      const contexts = this.#state.contexts(level, env, step)
      if (!holds(step.if, contexts, level.status)) {
        this.#keep(step, level, 'skipped', 'skipped', {})
        this.#state.results.push({
          ...this.#state.head(step, level, 'main'),
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
    const action = readAction(step.uses, this.#state.plan)
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
        if (holds(post.if, this.#state.contexts(level), this.#state.top.status))
          await this.#runStage(step, level, action, post, 'post')
      })
    return await this.#runStage(step, level, action, { script: action.main, if: '' }, 'main')
  }

  async #runScript(step: Step, level: Level, env: Readonly<Record<string, string>>) {
    const contexts = this.#state.contexts(level, env, step)
    const script = textOf(step.run, contexts, level.status)
    const folder = textOf(
      step.workingDirectory ?? this.#state.job.workingDirectory,
      contexts,
      level.status,
    )
    // In a container nobody knows whether there is a bash.
    const shell =
      step.shell ??
      this.#state.job.shell ??
      (this.#state.container === undefined ? undefined : 'sh')
    return await this.#state.launch(level, {
      ...this.#state.head(step, level, 'main'),
      env,
      cwd: join(this.#state.plan.workspace, folder),
      timeoutMinutes: step.timeoutMinutes,
      inContainer: true,
      command: (inside, path) => {
        const [program, ...args] = scriptCommand(script, shell, this.#state.plan.temp, inside)
        // In a container its own PATH finds it.
        return [this.#state.container === undefined ? findProgram(program, path) : program, ...args]
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
    const env = this.#state.stepEnv(step, level)
    const head = this.#state.head(step, level, stage)
    return await this.#state.launch(level, {
      ...head,
      env: {
        ...env,
        ...this.#state.inputs(step, level, env, action),
        ...originOf(action),
        ...this.#state.stateOf(head.action),
      },
      cwd: this.#state.plan.workspace,
      timeoutMinutes: step.timeoutMinutes,
      inContainer: false,
      command: () => [this.#state.plan.node, script],
    })
  }

  async #runComposite(
    step: Step,
    level: Level,
    env: Readonly<Record<string, string>>,
    action: Action & { using: 'composite' },
  ) {
    const inputs = this.#state.inputValues(step, level, env, action)
    const inner: Level = {
      action: this.#state.head(step, level, 'main').action,
      status: 'success',
      steps: {},
      inputs,
      env,
      variables: { ...originOf(action), GITHUB_ACTION_PATH: action.path },
    }
    await this.#runSteps(action.steps, inner)
    const contexts = this.#state.contexts(inner, env)
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
    const engine = this.#state.engine(`step '${step.id}'`)
    const contexts = {
      ...this.#state.contexts(level, env, step),
      inputs: action ? this.#state.inputValues(step, level, env, action) : {},
    }
    const given = textsOf(step.with, contexts, level.status)
    const args =
      action?.args.map((one) => textOf(one, contexts, level.status)) ??
      given['args']?.split(/\s+/) ??
      []
    const mounts = this.#state.mounts('/github')
    const all = {
      ...env,
      ...(action
        ? {
            ...textsOf(action.env, contexts, level.status),
            ...this.#state.inputs(step, level, env, action),
            ...originOf(action),
          }
        : {}),
    }
    return await this.#state.launch(level, {
      ...this.#state.head(step, level, 'main'),
      env: all,
      cwd: this.#state.plan.workspace,
      timeoutMinutes: step.timeoutMinutes,
      inContainer: false,
      command: () => {
        const variables = Object.keys({ ...all, ...this.#state.variables() })
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
}
