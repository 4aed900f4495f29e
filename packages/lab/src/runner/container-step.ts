import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import { type Action, originOf } from './action.ts'
import { actionCommand, buildImage, pathInside } from './engine.ts'
import { textOf, textsOf } from './expression.ts'
import type { JobState, Level, StepEnd } from './job-state.ts'
import type { StepResult } from './plan.ts'
import type { Step } from './workflow.ts'

type ContainerAction = Action & { using: 'docker' }

/** Steps that are a container of their own: `uses: docker://…`, and actions with `using: docker`. */
export class ContainerStep {
  readonly #state: JobState
  /** Images that were built, by the folder of their action. */
  readonly #built = new Map<string, string>()

  constructor(state: JobState) {
    this.#state = state
  }

  /** Builds what the actions of the job need, before its first step. */
  build(action: ContainerAction): string {
    if (action.image.startsWith('docker://')) return action.image.slice('docker://'.length)
    const known = this.#built.get(action.path)
    if (known !== undefined) return known
    const engine = this.#state.engine(`the action in ${action.path}`)
    const image = buildImage(engine, join(action.path, action.image), this.#state.log.step())
    this.#built.set(action.path, image)
    return image
  }

  /** @param stageEntry the entrypoint of `pre-entrypoint` or `post-entrypoint` */
  async run(
    step: Step,
    level: Level,
    action: ContainerAction | undefined,
    stageEntry: string | undefined,
    stage: StepResult['stage'],
  ): Promise<StepEnd> {
    const { plan } = this.#state
    const engine = this.#state.engine(`step '${step.id}'`)
    const env = this.#state.stepEnv(step, level)
    const contexts = {
      ...this.#state.contexts(level, env, step),
      inputs: action ? this.#state.inputValues(step, level, action) : {},
    }
    const given = textsOf(step.with, contexts, level.status)
    const args =
      action?.args?.map((one) => textOf(one, contexts, level.status)) ??
      given['args']?.split(/\s+/) ??
      []
    const home = join(plan.temp, '_github_home')
    mkdirSync(home, { recursive: true })
    const mounts = this.#state.mounts('/github')
    const head = this.#state.head(step, level, stage)
    const all: Record<string, string> = {
      ...(action === undefined
        ? {}
        : {
            ...textsOf(action.env, contexts, level.status),
            ...this.#state.inputs(step, level, action),
            ...plan.services,
            ...originOf(action),
            ...this.#state.stateOf(head.key),
          }),
      ...env,
      HOME: '/github/home',
    }
    const image = action === undefined ? (step.uses ?? '').slice(9) : this.build(action)
    const variables = this.#state.variables()
    return await this.#state.launch(level, {
      ...head,
      env: all,
      cwd: plan.workspace,
      timeoutMinutes: step.timeoutMinutes,
      inContainer: false,
      failure: (status) => `Docker run failed with exit code ${status}.`,
      warnings: action === undefined ? [] : this.#state.unexpected(step, level, action),
      // The engine's client takes the values from its own environment.
      translate: (path) => pathInside(mounts, path),
      command: () =>
        actionCommand(engine, mounts, {
          image,
          network: this.#state.network,
          entrypoint: stageEntry ?? action?.entrypoint ?? given['entrypoint'],
          args: stage === 'main' ? args : action?.args === undefined ? [] : args,
          variables: [
            ...Object.keys({ ...all, ...variables, ...level.variables }),
            ...['ACTION', 'ENV', 'PATH', 'OUTPUT', 'STATE', 'STEP_SUMMARY'].map(
              (name) => `GITHUB_${name}`,
            ),
          ].filter((name) => name !== 'PATH'),
        }),
    })
  }
}
