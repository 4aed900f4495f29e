import { basename } from 'node:path'
import {
  type ExecRecord,
  kernelIdentity,
  type KnownWorker,
  mountDevices,
  readEnvironment,
  type RunningRecord,
  type StepRecord,
  type WorkerRecord,
} from '@runwarden/sensor'
import { EngineCalls, type Put, UNKNOWN } from './engine-calls.ts'
import { AgentError } from './errors.ts'
import type { EventBody } from './event-stream.ts'
import type { InStep } from './process-table.ts'
import { isEngine, type Phase, Phases } from './step-phase.ts'

/** Which program called Runner.Worker is the runner's worker. */
export interface WorkerRule {
  /** `command`: the scope's first program, and none beside it; `runner`: see Steps.isWorker. */
  from: 'command' | 'runner'
  /** The worker's file, as the kernel's objects name it: then this file alone, at any time. */
  file?: { device: string; inode: string } | undefined
}

/** The rule as the kernel side has it: what it does not know by itself, it is told. */
export function kernelRule({ from, file }: WorkerRule): KnownWorker {
  if (file === undefined) return from === 'command' ? 'first' : 'told'
  const [major = 0, minor = 0] = file.device.split(':').map(Number)
  return { inode: BigInt(file.inode), device: major * 2 ** 20 + minor }
}

/** The rule that a file is the worker, whoever starts it. @throws AgentError when it is not there */
export function workerFile(path: string): WorkerRule {
  const identity = basename(path) === PROGRAM ? kernelIdentity(path, mountDevices()) : null
  if (identity === null)
    throw new AgentError(
      'NO_WORKER',
      `${path}, which is to be the runner's worker, is no file called ${PROGRAM}`,
      "name the runner's bin/Runner.Worker with --worker",
    )
  const { device, inode } = identity
  return {
    from: 'command',
    file: { device: `${device >>> 20}:${device & 0xfffff}`, inode: `${inode}` },
  }
}

/** A step of a workflow, by what the worker gave its root. */
interface Step {
  /** GITHUB_ACTION: the step's `id:`, or what the runner made of it (`__run_2`, `__actions_checkout`). */
  id: string
  stage?: Phase | null
}

/** A worker that lives, and what is known of its job. */
interface Worker extends WorkerRecord {
  phases: Phases
  /** Hooks of who runs the machine, by their files. */
  hooks: Map<string, string>
  /** A step has begun. */
  atWork: boolean
  /** A step has begun that is more than an action's pre. */
  beyondPre: boolean
}

/** The root process of a step. */
export interface RootStep {
  step: string
  stage: Phase | null
  /** Another step than an action's pre had begun in its job before it. */
  late: boolean
}

export interface StepsParts {
  rule: WorkerRule
  /** An earlier watch was on the scope: of the workers that ran before, those are believed that it knew. */
  handedOver?: boolean
  /** The step of what is in none. */
  fallback: string
  /** What could not be known of a step. */
  gap: (text: string) => void
  /** A program called Runner.Worker is the runner's. */
  known?: (execId: string) => void
  /** What is kept of a process's environment. */
  environment?: (tgid: number) => StepRecord['environment']
}

/** As the runner calls what it does itself. */
const INITIALIZE = 'Initialize containers'
const STOP = 'Stop containers'
const hookNames = {
  ACTIONS_RUNNER_HOOK_JOB_STARTED: 'Set up runner',
  ACTIONS_RUNNER_HOOK_JOB_COMPLETED: 'Complete runner',
} as const

/** What the kernel side looks for. */
const PROGRAM = 'Runner.Worker'
/** Roots of steps, workers and their makers that are remembered: only workers make them. */
const KEPT = 4096
/** Of one worker: what it wrote to its log comes some milliseconds later. */
const BEGUN = 64

/**
 * Which step a process is in. The kernel side numbers the children of programs called Runner.Worker, and hands each
 * number down to all that descends from it (bpf/include/steps.h); here a number gets its step, when the program is a
 * worker. Nothing that a step's process says of itself is looked at.
 */
export class Steps {
  readonly #parts: StepsParts
  readonly #steps = new Map<number, Step>()
  /** Workers that live, by execId. */
  readonly #workers = new Map<string, Worker>()
  /** Of steps, by execId. */
  readonly #roots = new Map<string, RootStep>()
  /** Who has started a worker. */
  readonly #listeners = new Map<string, true>()
  readonly #engines = new EngineCalls()
  /** The steps that each worker has begun last, and when. */
  readonly #begun = new Map<string, { id: string; time: number }[]>()
  #refused = false
  #known = false

  constructor(parts: StepsParts) {
    this.#parts = parts
  }

  /** A worker has been seen: who belongs to no step is known for what it is. */
  get known(): boolean {
    return this.#known
  }

  /** A program called Runner.Worker was started. */
  worker(record: WorkerRecord): void {
    if (this.#isWorker(record)) {
      this.#known = true
      this.#parts.known?.(record.execId)
      const environment = (this.#parts.environment ?? readEnvironment)(record.tgid)
      const hooks = Object.entries(hookNames).flatMap(([variable, name]) => {
        const path = environment[variable]
        return path === undefined || path === '' ? [] : [[path, name] as const]
      })
      const job = { phases: new Phases(), hooks: new Map(hooks), atWork: false, beyondPre: false }
      keep(this.#workers, record.execId, { ...record, ...job })
      keep(this.#listeners, record.parentExecId, true)
      return
    }
    if (record.before) {
      this.#parts.gap(
        `process ${record.tgid} calls itself Runner.Worker, and no agent has seen the runner start it: what it starts is in no step of a workflow`,
      )
      return
    }
    if (this.#refused) return
    this.#refused = true
    this.#parts.gap(
      `process ${record.tgid} calls itself Runner.Worker, and is not taken for the runner's worker: what it starts is in no step of a workflow`,
    )
  }

  /** A process has ended. */
  exit(execId: string): void {
    this.#workers.delete(execId)
    this.#engines.exit(execId)
  }

  /**
   * The step that a worker was at, also when it has ended since.
   * @param time CLOCK_BOOTTIME, ns
   * @returns null: none had begun; undefined: it is no worker
   */
  at(worker: string, time: number): string | null | undefined {
    const begun = this.#begun.get(worker)
    if (begun === undefined) return this.#workers.has(worker) ? null : undefined
    return begun.findLast((step) => step.time <= time)?.id ?? null
  }

  /** The step that a process is the root of. */
  rootOf(execId: string): RootStep | undefined {
    return this.#roots.get(execId)
  }

  /** A worker's child runs its first program. @returns the event of it, when a step begins */
  begin(record: StepRecord): EventBody | undefined {
    const worker = this.#workers.get(record.parentExecId)
    if (worker === undefined) return undefined
    const { environment, incomplete, step } = record
    const { GITHUB_ACTION: action = '' } = environment
    const own = this.#own(record, worker)
    if (
      own !== undefined &&
      (action === '' || worker.hooks.get(record.argv.at(-1) ?? '') === own)
    ) {
      keep(this.#steps, step, { id: own, stage: null })
      return undefined
    }
    // What the worker does itself (git, docker) has none.
    if (action === '' && !incomplete) return undefined
    if (action === '')
      this.#parts.gap(
        `the environment of a step (process ${record.tgid}) could not be read whole: what it does is told under '${UNKNOWN}'`,
      )
    const id = action === '' ? UNKNOWN : stepOf(action)
    worker.atWork = true
    const { GITHUB_ACTION_REPOSITORY: repository, GITHUB_ACTION_REF: ref = '' } = environment
    const stage = worker.phases.of({
      action: id,
      repository: repository || null,
      within: Boolean(environment['GITHUB_ACTION_PATH']),
      ref,
      argv: record.argv,
      truncated: incomplete,
    })
    const known = { id, stage }
    keep(this.#steps, step, known)
    keep(this.#roots, record.execId, { step: id, stage, late: worker.beyondPre })
    worker.beyondPre ||= stage !== 'pre'
    const begun = this.#begun.get(record.parentExecId) ?? []
    begun.push({ id: known.id, time: record.time })
    if (begun.length > BEGUN) begun.shift()
    keep(this.#begun, record.parentExecId, begun)
    return {
      kind: 'step.start',
      time: record.time,
      execId: record.execId,
      step: known.id,
      pid: record.tgid,
      action: repository ? `${repository}${ref ? `@${ref}` : ''}` : null,
      stage,
      job: environment['GITHUB_JOB'] ?? null,
      workflow: environment['GITHUB_WORKFLOW'] ?? null,
      repository: environment['GITHUB_REPOSITORY'] ?? null,
      runId: environment['GITHUB_RUN_ID'] ?? null,
      runAttempt: environment['GITHUB_RUN_ATTEMPT'] ?? null,
      truth: 'user',
    }
  }

  /** What the worker does itself has no GITHUB_ACTION: hooks of who runs the machine, and the job's containers. */
  #own({ argv }: StepRecord, worker: Worker): string | undefined {
    // `bash -e FILE`: a step's own shell has the step's script among its arguments.
    const file = argv.slice(1, -1).every((word) => word.startsWith('-')) ? argv.at(-1) : undefined
    const hook = file === undefined ? undefined : worker.hooks.get(file)
    if (hook !== undefined || !isEngine(argv)) return hook
    if (!worker.atWork) return INITIALIZE
    return argv.includes('rm') ? STOP : undefined
  }

  /** A process of a step that ran before it was watched. @param environment of the step's root */
  running(record: RunningRecord, environment: StepRecord['environment']): void {
    const id = environment['GITHUB_ACTION']
    if (id !== undefined && id !== '') keep(this.#steps, record.step, { id: stepOf(id) })
  }

  /** A process has connected to a container engine's socket. */
  callsEngine(execId: string, step: string | null): void {
    if (step !== null && step !== this.#parts.fallback) this.#engines.connected(execId, step)
  }

  /**
   * A container engine's daemon has read a request.
   * @param asker of which step's process; null: it has ended
   */
  asksEngine(asker: { step: string | null } | null, path: string): void {
    this.#engines.asked(asker?.step ?? UNKNOWN, path)
    // Or handed its connection on: whatever it asked for counts against the others.
    if (asker === null) this.#engines.connected('', UNKNOWN)
  }

  /**
   * The first program of a container, or one that an engine's daemon put into it: in the step that asked for it. Where it is
   * not seen who did, in the one whose processes are connected to an engine; of several it could be any.
   * @param put undefined: it is not known as what it was put there
   */
  contained(step: number, put: Put | undefined): void {
    const asker = this.#engines.askerOf(put)
    if (asker === undefined) return
    keep(this.#steps, step, { id: 'step' in asker ? asker.step : UNKNOWN })
    const gap = this.#engines.gapOf(asker)
    if (gap !== undefined) this.#parts.gap(gap)
  }

  /** The step of a number that the kernel side gave. */
  nameOf(step: ExecRecord['step']): string {
    return this.#steps.get(step)?.id ?? this.#parts.fallback
  }

  /** The same, and its stage. */
  within(step: ExecRecord['step']): InStep {
    const stage = this.#steps.get(step)?.stage
    return {
      step: this.nameOf(step),
      ...(stage === 'pre' || stage === 'post' ? { phase: stage } : {}),
    }
  }

  /**
   * In a runner's own scope or on a whole machine, a program that is in no step is a worker while there is no other, or
   * when it was started by who has started one before: the runner's listener. What ran before the first agent is believed: what a
   * step has left behind would not be told from it after a later one. Nor would a container that a step had a daemon make, which can have
   * the runner's own files: in one only the first worker is believed, and who its listener starts.
   */
  #isWorker(record: WorkerRecord): boolean {
    const { parentExecId, device, inode, first, before, known, contained } = record
    const { from, file } = this.#parts.rule
    if (contained && (file !== undefined || from === 'command')) return false
    if (file !== undefined) return file.device === device && file.inode === inode
    if (from === 'command') return first
    if (before) return known || this.#parts.handedOver !== true
    const others = contained ? this.#listeners : this.#workers
    return others.size === 0 || this.#listeners.has(parentExecId)
  }
}

/** Of a step within a composite action GITHUB_ACTION is that of the job's step, with what is within behind a dot. */
function stepOf(action: string): string {
  return (action.split('.', 1)[0] ?? '').slice(0, 256)
}

function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= KEPT) return
  const oldest = map.keys().next()
  if (oldest.done !== true) map.delete(oldest.value)
}
