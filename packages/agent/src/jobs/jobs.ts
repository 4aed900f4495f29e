import { randomBytes } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentRequest, Armed, JobReport, JobRequest, JobStatus } from '@runwarden/events'
import { type Peer, refuseCoreDumps } from '@runwarden/libbpf'
import { AgentError, messageOf } from '../errors.ts'
import { processStart, stateHome } from '../run-state.ts'
import { hierarchy } from '../service/cgroups.ts'
import type { GovernedScope } from '../service/governed.ts'
import { Claim } from './claim.ts'
import { type Begins, isKept, Job, type JobHost, restoreAfter } from './job.ts'
import { cgroupOf, JobCgroup } from './job-cgroup.ts'
import { hashOf, JobFiles, type KnownJob } from './job-file.ts'
import { withoutToken } from './job-uplink.ts'
import { tellImposters } from './imposters.ts'
import { Refusals } from './refusals.ts'
import { type Stage, stageOf } from './runner.ts'
import type { Asker } from './socket.ts'
import {
  isRefusal,
  ownScope,
  requireFirst,
  requireOwnStage,
  requireSameProcess,
  scopeFor,
} from './who-asks.ts'

export interface JobsParts extends Pick<JobHost, 'service' | 'out' | 'open' | 'say'> {
  /** The agent's state folder; by default that of all agents. */
  home?: string | undefined
  /** The last job has ended, or none has come. */
  onIdle: () => void
  /** How long the first job may take to come, ms. */
  patienceMs?: number
}

/** How often it is looked whether the jobs' workers live, ms. */
const lookMs = 1000
/** Who started the agent for a job asks at once, unless it was killed. */
const defaultPatienceMs = 120_000

/**
 * The jobs that ask the agent to watch them. Who asks is known by the kernel's word: the root process of an action's
 * stage, a child of the runner's worker, and later with the nonce of the first time. Anybody else is refused, and told.
 */
export class Jobs {
  readonly #parts: JobsParts
  readonly #files: JobFiles
  readonly #host: JobHost
  readonly #jobs = new Map<string, Job>()
  readonly #refusals = new WeakMap<GovernedScope, Refusals>()
  /** Of processes in no scope, since a job has ended. */
  #outside: Refusals
  /** By the worker, why a job of an agent before is watched no more. */
  readonly #lost = new Map<number, string>()
  readonly #looking: NodeJS.Timeout
  #since = performance.now()
  #came = false

  private constructor(parts: JobsParts) {
    this.#parts = parts
    this.#outside = new Refusals(undefined, parts.say)
    this.#files = new JobFiles(parts.home ?? stateHome)
    const { service, home, out, open, say } = parts
    this.#host = {
      service,
      home,
      out,
      open,
      say,
      files: this.#files,
      closeRefusals: (scope) => this.#refusalsOf(scope).close(),
    }
    this.#looking = setInterval(() => void this.#look(), lookMs)
  }

  /** Takes over the jobs of an agent that was killed; what is left of jobs that have ended is cleaned up. */
  static async start(parts: JobsParts): Promise<Jobs> {
    // Tokens and nonces of jobs are in its memory.
    if (!refuseCoreDumps())
      parts.say('a crash may leave an image of the agent’s memory on the disk')
    const jobs = new Jobs(parts)
    // Of jobs whose agent was killed, and is not this one.
    await restoreAfter(parts.say)
    for (const known of jobs.#files.read()) {
      try {
        await jobs.#adopt(known)
      } catch (error) {
        const why = messageOf(error)
        jobs.#lost.set(known.worker, why)
        parts.say(`the job ${known.id} of an agent before cannot be taken over: ${why}`)
      }
    }
    return jobs
  }

  /** There is a job whose policy has to hold. */
  get isUnderWay(): boolean {
    return this.#jobs.size > 0
  }

  /** Ends the looks; the jobs' scopes end with the service. */
  close(): void {
    clearInterval(this.#looking)
  }

  /**
   * Whoever is no stage of an action is not listened to. Any account can have a program that looks like one: those of the jobs here
   * have places of their own.
   * @throws AgentError
   */
  admit(peer: Peer): string {
    try {
      const { worker } = stageOf(peer.pid)
      const isOfJob = [...this.#jobs.values()].some(({ known }) => known.worker === worker)
      return isOfJob ? `worker ${worker}` : `user ${peer.uid}`
    } catch (error) {
      if (isRefusal(error)) this.#tell(error, peer)
      throw error
    }
  }

  /** @throws AgentError when it is refused, or cannot be done */
  async answer(
    request: AgentRequest,
    peer: Asker,
  ): Promise<Armed | JobStatus | JobReport | object> {
    try {
      requireSameProcess(peer)
      if (request.op === 'begin') return await this.#begin(request.nonce, request.job, peer)
      const job = this.#authorise(request.nonce, request.op, peer)
      if (request.op === 'status') return job.status()
      if (request.op === 'report') return await job.report()
      // Others may run on: what the job has started, until the worker cleans up and ends.
      job.over = true
      return {}
    } catch (error) {
      if (isRefusal(error)) this.#tell(error, peer)
      throw error
    }
  }

  async #begin(nonce: string, request: JobRequest, peer: Peer): Promise<Armed> {
    const since = performance.now()
    this.#since = since
    const stage = stageOf(peer.pid)
    // The job before this one on its runner may have ended a moment ago.
    await this.#look()
    for (const { known } of this.#jobs.values())
      if (known.worker === stage.worker)
        throw new AgentError(
          'JOB_HERE',
          `process ${peer.pid} (step ${stage.action}) asked for a policy on a job that has one`,
          'have the action once in each job, as its first step',
        )
    const workerStart = processStart(stage.worker) ?? ''
    const claim = Claim.take(stage.worker, workerStart)
    try {
      return await this.#beginFor(stage, workerStart, claim, { nonce, request, peer, since })
    } catch (error) {
      claim.release()
      throw error
    }
  }

  async #beginFor(
    stage: Stage,
    workerStart: string,
    claim: Claim,
    asked: { nonce: string; request: JobRequest; peer: Peer; since: number },
  ): Promise<Armed> {
    const { nonce, peer, since } = asked
    const { server, ...said } = asked.request
    const { scopes, configured } = await this.#parts.service.settled()
    const request = { ...said, scope: scopeFor(said, configured) }
    const around = this.#scopeOf(peer.pid, scopes)
    if (around !== undefined) requireFirst(around, stage)
    const scope = ownScope(around, stage.worker, request.scope)
    if (scope !== undefined && this.#isOverruled(scope))
      throw new AgentError(
        'SCOPE_TAKEN',
        `another job is under way in the scope '${scope.name}', which this runner shares with its own`,
        "have the machine's agent govern each runner's cgroup by a scope of its own",
      )
    // Names that the job's own proxy resolves would open nothing in the scope around it.
    if (scope === undefined && around?.compiled.egress === 'block')
      throw new AgentError(
        'MACHINE_POLICY',
        `the agent of this machine blocks by its own policy in the scope '${around.name}', which is wider than this runner: a job in it cannot have another one`,
        `leave the action out of jobs on this machine, or have its agent govern each runner's cgroup by a scope of its own${said.scope === 'host' ? ", or, where the machine is one job's at a time, say 'jobs: may-replace' of the scope 'host' in the agent's configuration" : ''}`,
      )
    const workspace = realpathSync(request.workspace)
    const id = randomBytes(6).toString('hex')
    const cgroup =
      scope !== undefined || request.scope === 'host' ? undefined : JobCgroup.make(stage.worker, id)
    const known: KnownJob = {
      id,
      nonceHash: hashOf(nonce),
      request: { ...request, workspace },
      server: withoutToken(server),
      identity: stage.identity,
      action: stage.action,
      folder: stage.folder,
      worker: stage.worker,
      workerStart,
      gid: peer.gid,
      uid: peer.uid,
      cgroup: cgroup?.path ?? scope?.cgroup ?? hierarchy(),
      ownCgroup: cgroup !== undefined,
      overrules: scope?.name ?? null,
      records: [],
      github: { ...stage.github, granted: request.granted },
    }
    try {
      const job = await this.#arm(known, { since, claim, server })
      this.#came = true
      job.armed.warnings.push(...notAsAsked(said, known))
      tellImposters(job.scope.stream, known)
      return job.armed
    } catch (error) {
      this.#files.remove(id)
      await cgroup?.release()
      throw error
    }
  }

  #isOverruled({ name }: GovernedScope): boolean {
    return [...this.#jobs.values()].some(({ known }) => known.overrules === name)
  }

  async #adopt(known: KnownJob): Promise<void> {
    const cgroup = known.ownCgroup ? JobCgroup.at(known.cgroup) : undefined
    if (processStart(known.worker) === known.workerStart && (!known.ownCgroup || cgroup)) {
      const claim = Claim.take(known.worker, known.workerStart)
      try {
        await this.#arm(known, { since: performance.now(), claim, server: null })
      } catch (error) {
        claim.release()
        throw error
      }
      return
    }
    this.#files.remove(known.id)
    await cgroup?.end()
  }

  async #arm(known: KnownJob, begins: Begins): Promise<Job> {
    const job = await Job.arm(this.#host, known, begins)
    this.#jobs.set(known.id, job)
    return job
  }

  /** The job that a peer may ask about. @throws AgentError */
  #authorise(nonce: string, op: 'status' | 'report' | 'end', asker: Asker): Job {
    const stage = stageOf(asker.pid)
    const job = [...this.#jobs.values()].find(({ known }) => known.worker === stage.worker)
    if (job === undefined) throw this.#noJob(stage.worker)
    const { known, armedAt } = job
    requireOwnStage({ op, nonce, stage, known, armedAt, asker, watch: job.scope.watch })
    return job
  }

  #noJob(worker: number): AgentError {
    const lost = this.#lost.get(worker)
    return lost === undefined
      ? new AgentError('NO_JOB', 'the agent watches no job of this runner', '')
      : new AgentError(
          'JOB_LOST',
          `the agent was killed, and the one after it could not take this job over: ${lost}`,
          'what was enforced by then stays so until the job has ended',
        )
  }

  async #end(job: Job): Promise<void> {
    this.#outside = new Refusals(undefined, this.#parts.say)
    await job.end()
    if (this.#jobs.size === 0) this.#parts.onIdle()
  }

  /** A runner that was killed says nothing any more: its job ends all the same, with its reports. */
  async #look(): Promise<void> {
    const { patienceMs = defaultPatienceMs } = this.#parts
    if (!this.#came && performance.now() - this.#since > patienceMs) this.#parts.onIdle()
    for (const [id, job] of this.#jobs) {
      if (job.isRunning || job.isKept) continue
      this.#jobs.delete(id)
      if (!job.isReported)
        this.#parts.say(`job ${id}: its worker has ended, and the action's post step did not run`)
      await this.#end(job).catch((error: unknown) =>
        this.#parts.say(`job ${id} could not be ended: ${messageOf(error)}`),
      )
    }
  }

  /** The scope of the configuration that a process is in; of several within each other the innermost. */
  #scopeOf(pid: number, scopes = this.#parts.service.scopes()): GovernedScope | undefined {
    const path = join(hierarchy(), cgroupOf(pid))
    return scopes
      .filter(({ cgroup }) => path === cgroup || path.startsWith(`${cgroup.replace(/\/$/, '')}/`))
      .toSorted((a, b) => b.cgroup.length - a.cgroup.length)[0]
  }

  #tell(refusal: AgentError, { pid }: Peer): void {
    this.#refusalsOf(this.#scopeOf(pid)).tell(refusal, pid)
  }

  #refusalsOf(scope: GovernedScope | undefined): Refusals {
    if (scope === undefined) return this.#outside
    let refusals = this.#refusals.get(scope)
    if (refusals === undefined) {
      refusals = new Refusals(scope, this.#parts.say)
      this.#refusals.set(scope, refusals)
    }
    return refusals
  }
}

/** Sentences for the log: what the job asked for and has not got. */
function notAsAsked(asked: Pick<JobRequest, 'scope'>, known: KnownJob): string[] {
  const { request } = known
  return [
    ...(request.scope === asked.scope
      ? []
      : [
          "the job says that the machine is its own, and the agent of this machine does not ('jobs: may-replace' of its scope 'host'): the policy holds for the job alone",
        ]),
    ...(request.afterJob === 'end' || isKept(known)
      ? []
      : [
          "after-job: keep does nothing here: the policy ends with the job, as the machine is not the job's alone, or has a policy of its own",
        ]),
  ]
}
