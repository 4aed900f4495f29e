import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RunnerError } from './error.ts'
import { type Contexts, holds, mapping, type Status, textOf } from './expression.ts'
import { legsOf, plain } from './matrix.ts'
import type { JobResult, Leg, Need } from './plan.ts'
import { Runner, type RunnerOptions } from './runner.ts'
import { prepareWorkflow, type PreparedWorker, type WorkflowOptions } from './run-workflow.ts'
import { type Call, type Job, readWorkflow, type Workflow } from './workflow.ts'

/** A leg of a job; `id` is `caller/called` in a reusable workflow. */
export interface RanJob extends JobResult {
  id: string
  name: string
  matrix: Leg['matrix']
  log: string
}

export interface JobsOptions extends Omit<WorkflowOptions, 'job' | 'given' | 'workspace'> {
  /** The jobs' runners have a listener, started so. */
  listener?: Omit<RunnerOptions, 'folder'>
  /** What is to run instead of the worker's command, e.g. `runwarden run -- …`. */
  wrap?: (worker: PreparedWorker, id: string) => [string, ...string[]]
}

/** What a workflow is run with, when another one calls it. */
interface Called {
  prefix: string
  caller: string
  inputs: Record<string, string>
  secrets: Record<string, string>
  depth: number
}

/** Reusable workflows within each other that GitHub takes. */
const DEPTH_MAX = 10

/**
 * Runs all jobs of a workflow as GitHub does: in the order of `needs`, each leg of a matrix a job of its own, called workflows
 * in place of the jobs that call them. Each job has a runner of its own below `options.folder`.
 * @returns the jobs in the order in which they ended
 */
export async function runJobs(file: string, options: JobsOptions): Promise<RanJob[]> {
  const run = new WorkflowRun(resolve(options.folder), options)
  const { inputs = {}, secrets = {} } = options
  await run.workflow(resolve(file), { prefix: '', caller: file, inputs, secrets, depth: 0 })
  return run.jobs
}

class WorkflowRun {
  readonly jobs: RanJob[] = []
  readonly #folder: string
  readonly #options: JobsOptions
  #runners = 0

  constructor(folder: string, options: JobsOptions) {
    this.#folder = folder
    this.#options = options
  }

  /** @returns outputs of a called workflow, and how it ended */
  async workflow(file: string, called: Called): Promise<Need> {
    const workflow = await readWorkflow(file)
    const inputs = inputsOf(workflow, called, file)
    const ended = new Map<string, Promise<Need>>()
    const start = (job: Job | Call): Promise<Need> => {
      const known = ended.get(job.id)
      if (known !== undefined) return known
      const needed = job.needs.map((id) => {
        const one = workflow.jobs.find((other) => other.id === id)
        if (one === undefined) throw new RunnerError(`${file}: job '${job.id}' needs '${id}'`)
        return [id, start(one)] as const
      })
      const promise = this.#job(file, workflow, job, needed, { ...called, inputs })
      ended.set(job.id, promise)
      return promise
    }
    const all = await Promise.all(
      workflow.jobs.map(async (job) => [job.id, await start(job)] as const),
    )
    const contexts = { jobs: Object.fromEntries(all), inputs, github: this.#github() }
    const outputs = Object.entries(mapping(workflow.call?.outputs)).map(([name, one]) => [
      name,
      textOf(mapping(one)['value'], contexts, 'success'),
    ])
    const result = worst(all.map(([, need]) => need.result))
    return { result, outputs: Object.fromEntries(outputs) as Record<string, string> }
  }

  async #job(
    file: string,
    workflow: Workflow,
    job: Job | Call,
    needed: readonly (readonly [string, Promise<Need>])[],
    called: Called,
  ): Promise<Need> {
    const before: [string, Need][] = []
    for (const [id, one] of needed) before.push([id, await one])
    const needs = Object.fromEntries(before)
    const { inputs } = called
    const contexts: Contexts = { github: this.#github(), needs, inputs, vars: {} }
    const status: Status = worst(before.map(([, { result }]) => result))
    const id = `${called.prefix}${job.id}`
    if (!holds(job.if, contexts, status)) {
      const nothing = {
        steps: [],
        outputs: {},
        annotations: [],
        summary: '',
        matrix: null,
        log: '',
      }
      this.jobs.push({ id, name: job.id, job: job.id, status: 'skipped', ...nothing })
      return { result: 'skipped', outputs: {} }
    }
    const { legs, failFast, maxParallel } = legsOf(job.strategy, contexts)
    const cancel = new AbortController()
    const results: Need[] = []
    const waiting = [...legs]
    const work = async (): Promise<void> => {
      for (let leg = waiting.shift(); leg !== undefined; leg = waiting.shift()) {
        const own = { ...contexts, matrix: leg.matrix ?? {}, strategy: leg.strategy }
        const ran =
          'uses' in job
            ? await this.#call(file, job, own, { ...called, prefix: `${id}/` })
            : await this.#leg(file, workflow, job, leg, needs, called, cancel.signal)
        const goesOn = textOf(job.continueOnError, own, 'success') === 'true'
        results.push(ran.result === 'failure' && goesOn ? { ...ran, result: 'success' } : ran)
        if (failFast && ran.result === 'failure' && !goesOn) {
          cancel.abort()
          waiting.length = 0
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(maxParallel, legs.length) }, work))
    return {
      result: worst(results.map(({ result }) => result)),
      // Of legs that set the same output, the last to end counts.
      outputs: Object.assign({}, ...results.map(({ outputs }) => outputs)) as Need['outputs'],
    }
  }

  async #call(file: string, job: Call, contexts: Contexts, called: Called): Promise<Need> {
    if (called.depth >= DEPTH_MAX)
      throw new RunnerError(`${file}: more than ${DEPTH_MAX} workflows call each other`)
    const secrets =
      job.secrets === 'inherit'
        ? called.secrets
        : textsIn(job.secrets, { ...contexts, secrets: called.secrets })
    const inputs = textsIn(job.with, contexts)
    const path = this.#find(file, job.uses)
    return await this.workflow(path, { ...called, inputs, secrets, depth: called.depth + 1 })
  }

  /** `./.github/workflows/…` of the repository that the file is in, or of one below `actions`. */
  #find(file: string, uses: string): string {
    const [, repository, path = '', ref] =
      /^([^/]+\/[^/]+)\/(\.github\/workflows\/[^@]+)@(.+)$/.exec(uses) ?? []
    const found = uses.startsWith('./')
      ? join(file.replace(/\/(?:\.github\/workflows\/)?[^/]+$/, ''), uses)
      : join(this.#options.actions ?? '', repository ?? uses, ref ?? '', path)
    if (!existsSync(found)) throw new RunnerError(`${file}: 'uses: ${uses}': ${found} is not there`)
    return found
  }

  async #leg(
    file: string,
    workflow: Workflow,
    job: Job,
    leg: Leg,
    needs: Record<string, Need>,
    called: Called,
    cancelled: AbortSignal,
  ): Promise<Need> {
    const id = `${called.prefix}${job.id}`
    const folder = join(this.#folder, `${++this.#runners}`)
    const options = {
      ...this.#options,
      job: job.id,
      inputs: called.inputs,
      secrets: called.secrets,
      given: { ...leg, needs, caller: called.caller },
    }
    const { listener, wrap } = this.#options
    const { log, ...result } =
      listener === undefined
        ? await alone(prepareWorkflow(file, { ...options, folder }), id, wrap, cancelled)
        : await listened(file, { ...listener, folder }, options, cancelled)
    const contexts = { matrix: leg.matrix ?? {}, github: this.#github(), needs, inputs: {} }
    const values = Object.values(leg.matrix ?? {}).map((one) =>
      typeof one === 'object' ? JSON.stringify(one) : String(one),
    )
    const named = job.name === undefined ? '' : textOf(job.name, contexts, 'success')
    const name = named || job.id + (values.length > 0 ? ` (${values.join(', ')})` : '')
    this.jobs.push({ ...result, id, name, matrix: leg.matrix, log })
    return { result: result.status, outputs: result.outputs }
  }

  #github(): Record<string, unknown> {
    const { event = { name: 'push', payload: {} }, ref = 'refs/heads/main' } = this.#options
    return { event_name: event.name, event: event.payload, ref, repository: 'acme/app' }
  }
}

/** A job whose runner has a listener. */
async function listened(
  file: string,
  runner: RunnerOptions,
  options: Omit<WorkflowOptions, 'folder'>,
  cancelled: AbortSignal,
): Promise<JobResult & { log: string }> {
  await using machine = Runner.start(runner)
  const job = machine.run(file, options)
  cancelled.addEventListener('abort', job.cancel)
  return await job.ended.finally(() => cancelled.removeEventListener('abort', job.cancel))
}

/** A job that is a worker alone. */
async function alone(
  worker: PreparedWorker,
  id: string,
  wrap: JobsOptions['wrap'],
  cancelled: AbortSignal,
): Promise<JobResult & { log: string }> {
  const [program, ...args] = wrap?.(worker, id) ?? worker.command
  const child = spawn(program, args, { cwd: worker.workspace, stdio: ['ignore', 'pipe', 'pipe'] })
  const end = (): void => void child.kill('SIGINT')
  cancelled.addEventListener('abort', end)
  const log = await logOf(child)
  cancelled.removeEventListener('abort', end)
  try {
    return { ...worker.result(), log }
  } catch (cause) {
    throw new RunnerError(`job '${id}': ${log}`, { cause })
  }
}

async function logOf(child: ChildProcess): Promise<string> {
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (log += text))
  await once(child, 'close')
  return log
}

function textsIn(value: Call['with'], contexts: Contexts): Record<string, string> {
  const entries = Object.entries(mapping(value)).map(([name, one]) => {
    const known = plain(one, contexts)
    return [name, typeof known === 'object' ? JSON.stringify(known) : String(known)] as const
  })
  return Object.fromEntries(entries)
}

/** Inputs of a called workflow, with its defaults. @throws RunnerError for one that is missing or unknown */
function inputsOf(workflow: Workflow, called: Called, file: string): Record<string, string> {
  if (called.depth === 0) return called.inputs
  if (workflow.call === undefined)
    throw new RunnerError(`${file} has no 'on: workflow_call' and cannot be called`)
  const known = mapping(workflow.call.inputs)
  for (const name of Object.keys(called.inputs))
    if (!(name in known)) throw new RunnerError(`${file} has no input '${name}'`)
  const inputs: Record<string, string> = {}
  for (const [name, one] of Object.entries(known)) {
    const { default: value, required } = mapping(one)
    if (required === true && !(name in called.inputs))
      throw new RunnerError(`${file} needs the input '${name}'`)
    inputs[name] = called.inputs[name] ?? textOf(value, { github: {} }, 'success')
  }
  return inputs
}

/** What several jobs are together: the worst that one of them is. */
function worst(results: readonly JobResult['status'][]): JobResult['status'] {
  const order = ['failure', 'cancelled', 'skipped'] as const
  return order.find((one) => results.includes(one)) ?? 'success'
}
