import { join } from 'node:path'
import { type Action, originOf, readAction, type Stage } from './action.ts'
import { ContainerStep } from './container-step.ts'
import { type Contexts, holds, mapping, textOf } from './expression.ts'
import { type JobState, type Level, makeLevel, type StepEnd } from './job-state.ts'
import type { StepResult } from './plan.ts'
import { exitCode, findProgram, scriptCommand } from './shell.ts'
import type { Step } from './workflow.ts'

type Composite = Action & { using: 'composite' }

/** How the steps of a job, and those of composite actions within, are run. */
export class StepRun {
  readonly #state: JobState
  readonly #containers: ContainerStep

  constructor(state: JobState) {
    this.#state = state
    this.#containers = new ContainerStep(state)
  }

  /** Builds the images that actions need; those of local ones are built when their turn has come, as they are not there yet. */
  prepare(steps: readonly Step[]): void {
    for (const { uses } of steps) {
      if (uses === undefined || uses.startsWith('./') || uses.startsWith('docker:')) continue
      const action = readAction(uses, this.#state.plan)
      if (action.using === 'docker') this.#containers.build(action)
      else if (action.using === 'composite') this.prepare(action.steps)
    }
  }

  /** Before all steps, and only of actions that are there before the checkout: not of local ones. */
  async pre(steps: readonly Step[], level: Level): Promise<void> {
    for (const step of steps) {
      if (step.uses === undefined || step.uses.startsWith('./') || step.uses.startsWith('docker:'))
        continue
      const action = readAction(step.uses, this.#state.plan)
      if (action.using === 'composite')
        await this.pre(action.steps, this.#within(step, level, action))
      else if (action.pre !== undefined && this.#holds(action.pre, level)) {
        this.#registerPost(step, level, action)
        await this.#stage(step, level, action, action.pre, 'pre')
      }
    }
  }

  async steps(steps: readonly Step[], level: Level): Promise<void> {
    for (const step of steps) {
      const env = this.#state.stepEnv(step, level)
      const contexts = this.#state.contexts(level, env, step)
      const status = this.#state.cancel.signal.aborted ? 'cancelled' : level.status
      if (!holds(step.if, contexts, status)) {
        this.#keep(step, level, 'skipped', 'skipped', {})
        const { action, stage, name } = this.#state.head(step, level, 'main')
        const outcome = 'skipped'
        const nothing = { status: null, pid: null, ms: 0, annotations: [], outputs: {} }
        this.#state.results.push({ action, stage, name, outcome, ...nothing })
        continue
      }
      this.#state.condition = step.if
      const { succeeded, cancelled, outputs } = await this.#step(step, level, env)
      const goesOn = cancelled !== true && this.#goesOn(step, level, contexts)
      const outcome = succeeded ? 'success' : cancelled === true ? 'cancelled' : 'failure'
      this.#keep(step, level, outcome, goesOn ? 'success' : outcome, outputs)
      // A job that was cancelled stays so, whatever fails behind it.
      if (!succeeded && !goesOn && level.status !== 'cancelled')
        level.status = cancelled === true ? 'cancelled' : 'failure'
    }
  }

  /** What the actions of a level have left to do, the last first. */
  async posts(level: Level): Promise<void> {
    for (const post of level.posts.toReversed()) await post()
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

  async #step(step: Step, level: Level, env: Readonly<Record<string, string>>): Promise<StepEnd> {
    if (step.uses === undefined) return await this.#script(step, level, env)
    if (step.uses.startsWith('docker://'))
      return await this.#containers.run(step, level, undefined, undefined, 'main')
    const action = readAction(step.uses, this.#state.plan)
    this.#registerPost(step, level, action)
    if (action.using === 'composite') return await this.#composite(step, level, env, action)
    if (action.pre !== undefined && action.origin === null)
      console.log(
        `##[warning]'pre' is not run for the local action ${step.uses}, as with GitHub's runner`,
      )
    const script = action.using === 'node' ? action.main : undefined
    return await this.#run(step, level, action, script, 'main')
  }

  /** Once for each step, by whichever of its stages runs first. */
  #registerPost(step: Step, level: Level, action: Action): void {
    const { key } = this.#state.head(step, level, 'post')
    if (this.#state.registered.has(key)) return
    if (action.using === 'composite') {
      this.#state.registered.add(key)
      level.posts.push(() => this.posts(this.#within(step, level, action)))
      return
    }
    const { post } = action
    if (post === undefined) return
    this.#state.registered.add(key)
    level.posts.push(async () => {
      if (this.#holds(post, level)) await this.#stage(step, level, action, post, 'post')
    })
  }

  #holds(stage: Stage, level: Level): boolean {
    const status = this.#state.cancel.signal.aborted ? 'cancelled' : this.#state.top.status
    return holds(stage.if, this.#state.contexts(level), status)
  }

  /** Pre or post: the job has failed with it, unless it is said of its step that it may. */
  async #stage(
    step: Step,
    level: Level,
    action: Exclude<Action, Composite>,
    { script, if: condition }: Stage,
    stage: StepResult['stage'],
  ): Promise<void> {
    this.#state.condition = condition
    const { succeeded } = await this.#run(step, level, action, script, stage)
    if (succeeded || this.#goesOn(step, level, this.#state.contexts(level))) return
    if (this.#state.top.status === 'success') this.#state.top.status = 'failure'
  }

  #goesOn(step: Step, level: Level, contexts: Contexts): boolean {
    return textOf(step.continueOnError, contexts, level.status) === 'true'
  }

  /** @param script of the stage; of a container action its entrypoint */
  async #run(
    step: Step,
    level: Level,
    action: Exclude<Action, Composite>,
    script: string | undefined,
    stage: StepResult['stage'],
  ): Promise<StepEnd> {
    if (action.using === 'docker')
      return await this.#containers.run(step, level, action, script, stage)
    const { plan } = this.#state
    const head = this.#state.head(step, level, stage)
    return await this.#state.launch(level, {
      ...head,
      env: {
        ...this.#state.stepEnv(step, level),
        ...this.#state.inputs(step, level, action),
        ...plan.services,
        ...originOf(action),
        ...this.#state.stateOf(head.key),
      },
      cwd: plan.workspace,
      timeoutMinutes: step.timeoutMinutes,
      // With a node of the runner's own, which is mounted there: an action's pre runs there, too.
      inContainer: true,
      failure: undefined,
      warnings: this.#state.unexpected(step, level, action),
      command: (inside) => [inside(plan.node), inside(script ?? action.main)],
    })
  }

  async #script(step: Step, level: Level, env: Readonly<Record<string, string>>) {
    const { job, plan } = this.#state
    const contexts = this.#state.contexts(level, env, step)
    const script = textOf(step.run, contexts, level.status)
    const folder = textOf(step.workingDirectory ?? job.workingDirectory, contexts, level.status)
    // In a container nobody knows whether there is a bash.
    const shell =
      step.shell ?? job.shell ?? (this.#state.container === undefined ? undefined : 'sh')
    return await this.#state.launch(level, {
      ...this.#state.head(step, level, 'main'),
      env,
      cwd: join(plan.workspace, folder),
      timeoutMinutes: step.timeoutMinutes,
      inContainer: true,
      failure: exitCode,
      command: (inside, path) => {
        const [program, ...args] = scriptCommand(script, shell, plan.temp, inside)
        // In a container its own PATH finds it.
        return [this.#state.container === undefined ? findProgram(program, path) : program, ...args]
      },
    })
  }

  async #composite(
    step: Step,
    level: Level,
    env: Readonly<Record<string, string>>,
    action: Composite,
  ) {
    const inner = this.#within(step, level, action)
    inner.inputs = this.#state.inputValues(step, level, action)
    inner.env = env
    await this.steps(action.steps, inner)
    const contexts = this.#state.contexts(inner, env)
    const outputs = Object.fromEntries(
      Object.entries(action.outputs).map(([name, one]) => [
        name,
        textOf(mapping(one)['value'], contexts, 'success'),
      ]),
    )
    return {
      succeeded: inner.status === 'success',
      cancelled: inner.status === 'cancelled',
      outputs,
    }
  }

  /** What is within a composite action: GITHUB_ACTION is that of the job's step. */
  #within(step: Step, level: Level, action: Composite): Level {
    const known = level.inner.get(step.id)
    if (known !== undefined) return known
    const { key, action: name } = this.#state.head(step, level, 'main')
    const made = makeLevel({
      path: key,
      action: name,
      inputs: this.#state.inputValues(step, level, action),
      env: this.#state.stepEnv(step, level),
      variables: { ...originOf(action), GITHUB_ACTION_PATH: action.path },
    })
    level.inner.set(step.id, made)
    return made
  }
}
