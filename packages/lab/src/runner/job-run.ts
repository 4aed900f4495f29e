import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { holds, textOf, textsOf } from './expression.ts'
import { JobContainers } from './job-containers.ts'
import { JobState } from './job-state.ts'
import { endOrphans } from './orphans.ts'
import type { JobResult, Plan } from './plan.ts'
import { exitCode, findProgram } from './shell.ts'
import { StepRun } from './step-run.ts'
import type { Job, Workflow } from './workflow.ts'

/** GitHub's limit of a job without `timeout-minutes:`. */
const MINUTES = 360

/** One run of a job, in the order and with the processes of GitHub's runner. */
export class JobRun {
  readonly #state: JobState

  constructor(plan: Plan, workflow: Workflow, job: Job) {
    this.#state = new JobState(plan, workflow, job)
  }

  /** What runs is ended, and what is left runs only where its condition says so. */
  cancel(): void {
    if (this.#state.cancel.signal.aborted) return
    this.#state.top.status = 'cancelled'
    this.#state.cancel.abort()
  }

  async run(): Promise<JobResult> {
    const { plan, job, top } = this.#state
    const event = join(plan.temp, '_github_workflow', 'event.json')
    mkdirSync(dirname(event), { recursive: true })
    writeFileSync(event, JSON.stringify(plan.event.payload))
    const minutes = Number(textOf(job.timeoutMinutes, this.#state.contexts(top), 'success'))
    const limit = setTimeout(() => this.cancel(), (minutes || MINUTES) * 60_000)
    const containers = new JobContainers(this.#state)
    const steps = new StepRun(this.#state)
    try {
      await this.#hook('Set up runner', process.env['ACTIONS_RUNNER_HOOK_JOB_STARTED'])
      steps.prepare(job.steps)
      await containers.start()
      await steps.pre(job.steps, top)
      await steps.steps(job.steps, top)
      await steps.posts(top)
    } finally {
      clearTimeout(limit)
      containers.stop()
      await this.#hook('Complete runner', process.env['ACTIONS_RUNNER_HOOK_JOB_COMPLETED'])
      this.#clean()
      this.#state.log.end()
    }
    const status = top.status
    return {
      job: job.id,
      status,
      steps: this.#state.results,
      outputs: textsOf(job.outputs, this.#state.contexts(top), 'success'),
      annotations: this.#state.results.flatMap(({ action, stage, annotations }) =>
        annotations.map((one) => Object.assign({ action, stage }, one)),
      ),
      summary: this.#state.summaries.join('\n'),
    }
  }

  #clean(): void {
    const log = this.#state.log.step()
    const ended = endOrphans(this.#state.tracking)
    if (ended.length > 0) log.line('Cleaning up orphan processes')
    for (const { pid, name } of ended) log.line(`Terminate orphan process: pid (${pid}) (${name})`)
    log.end()
  }

  /** A script of who runs the machine: what it is called, its file. Its environment is that of the job, without a step's. */
  async #hook(name: string, path: string | undefined): Promise<void> {
    if (path === undefined) return
    this.#state.condition = 'always()'
    const { succeeded } = await this.#state.launch(this.#state.top, {
      // GITHUB_ACTION is what it was last: none before the first step, then that of the last one.
      action: this.#state.results.findLast(({ action }) => action !== '')?.action ?? '',
      key: name,
      stage: 'main',
      name,
      env: this.#state.env,
      cwd: this.#state.plan.workspace,
      inContainer: false,
      failure: exitCode,
      command: (_, paths) => [findProgram('bash', paths), '-e', path],
    })
    if (!succeeded && holds('success()', {}, this.#state.top.status))
      this.#state.top.status = 'failure'
  }
}
