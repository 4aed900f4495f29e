import { randomBytes } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type {
  AgentRequest,
  Armed,
  Event,
  JobReport,
  JobRequest,
  JobServer,
  JobStatus,
} from '@runwarden/events'
import { type Peer, refuseCoreDumps } from '@runwarden/libbpf'
import type { CompiledPolicy } from '@runwarden/policy'
import { AgentError, messageOf } from '../errors.ts'
import { hardenForJob, type JobWorker, restoreAfterJob } from '../harden/job.ts'
import { processStart, stateHome, ticksSinceBoot } from '../run-state.ts'
import { hierarchy } from '../service/cgroups.ts'
import type { GovernedScope } from '../service/governed.ts'
import type { AgentService } from '../service/service.ts'
import { Claim } from './claim.ts'
import { cgroupOf, JobCgroup } from './job-cgroup.ts'
import { hashOf, JobFiles, type KnownJob } from './job-file.ts'
import { Counts, type OpenRecord, scopeNameOf, settingsOf } from './job-settings.ts'
import { followServer, JobUplink, withoutToken } from './job-uplink.ts'
import { tellImposters } from './imposters.ts'
import { LastStage, tellSilence } from './last-stage.ts'
import { endLeftovers } from './leftovers.ts'
import { Refusals } from './refusals.ts'
import { childRunning, type Stage, stageOf } from './runner.ts'
import type { Asker } from './socket.ts'
import {
  isRefusal,
  ownScope,
  requireFirst,
  requireOwnStage,
  requireSameProcess,
  scopeFor,
} from './who-asks.ts'

export interface JobsParts {
  service: AgentService
  /** The agent's state folder; by default that of all agents. */
  home?: string | undefined
  /** Where the jobs' records go, a folder each. */
  out: string
  open: OpenRecord
  say: (text: string) => void
  /** The last job has ended, or none has come. */
  onIdle: () => void
  /** How long the first job may take to come, ms. */
  patienceMs?: number
}

interface Job {
  known: KnownJob
  /** On its worker. */
  claim: Claim
  lastStage: LastStage
  counts: Counts
  /** undefined: it has no control plane, or its token is gone. */
  uplink: JobUplink | undefined
  /** Of its scope. */
  name: string
  folder: string
  armed: Armed
  /** Clock ticks since boot: who began before, and after the end of an agent before, was seen by none. */
  armedAt: number
  /** The reports are asked for. */
  report?: Promise<JobReport>
  /** The action has said that it is over. Its policy stays until its runner's worker, or the machine, ends. */
  over: boolean
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
    this.#looking = setInterval(() => void this.#look(), lookMs)
  }

  /** Takes over the jobs of an agent that was killed; what is left of jobs that have ended is cleaned up. */
  static async start(parts: JobsParts): Promise<Jobs> {
    // Tokens and nonces of jobs are in its memory.
    if (!refuseCoreDumps())
      parts.say('a crash may leave an image of the agent’s memory on the disk')
    const jobs = new Jobs(parts)
    // Of jobs whose agent was killed, and is not this one.
    await jobs.#restore()
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
      if (request.op === 'status') return this.#status(job)
      if (request.op === 'report') return await this.#report(job)
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
      const job = await this.#arm(known, since, claim, server)
      this.#came = true
      job.armed.warnings.push(...notAsAsked(said, known))
      tellImposters(this.#scope(job).stream, known)
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
        await this.#arm(known, performance.now(), claim, null)
      } catch (error) {
        claim.release()
        throw error
      }
      return
    }
    this.#files.remove(known.id)
    await cgroup?.end()
  }

  /** @param server null: there is none, or an agent before this one began with it */
  async #arm(known: KnownJob, since: number, claim: Claim, server: JobServer | null): Promise<Job> {
    const { service, out, open, say } = this.#parts
    const { id, overrules } = known
    const counts = new Counts()
    const folder = newRecord(join(out, 'jobs'), id)
    const earlier = known.records.at(-1)
    const kept = { ...known, records: [...known.records, folder] }
    this.#files.write(kept)
    const uplink = await this.#uplinkOf(known, server)
    const record = { folder, counts, open, uplink }
    const name = scopeNameOf(known)
    if (overrules === null) await service.add(await settingsOf(known, record))
    else await service.overrule(overrules, (configured) => settingsOf(known, record, configured))
    try {
      const scope = service.scopes().find((one) => one.name === name)
      if (scope === undefined) throw new AgentError('NOT_ARMED', 'its scope has ended already', '')
      await this.#harden(known, scope.compiled).catch((error: unknown) => {
        // Of a job that goes on nothing is ended.
        if (earlier === undefined) throw error
        scope.watch.gap(messageOf(error))
      })
      const job = this.#follow({ known, claim, counts, uplink, name, folder }, scope, since)
      followServer(uplink, { known: kept, files: this.#files, service, scope })
      say(`job ${id} (${known.identity.job ?? 'unnamed'}): armed, ${scope.compiled.egress}`)
      return job
    } catch (error) {
      this.#jobs.delete(id)
      // Nobody would give the machine's scope back.
      if (earlier === undefined || overrules !== null) await this.#endScope(known, name)
      throw error
    }
  }

  /** @param since when it asked, by the clock of performance.now() */
  #follow(
    parts: Pick<Job, 'known' | 'claim' | 'counts' | 'uplink' | 'name' | 'folder'>,
    scope: GovernedScope,
    since: number,
  ): Job {
    const { known } = parts
    const earlier = known.records.at(-1)
    const script = join(known.folder, 'post.js')
    const lastStage = new LastStage({
      action: known.action,
      post: script,
      onSilent: (event) => this.#silent(known, scope, event),
    })
    scope.stream.addSink(lastStage.see)
    if (earlier !== undefined) {
      // It may have begun while no agent was there.
      const post = childRunning(known.worker, script)
      lastStage.isUnderWay(post === undefined ? null : scope.watch.execIdOf(post))
    }
    const job: Job = {
      ...parts,
      lastStage,
      armedAt: ticksSinceBoot(),
      over: false,
      armed: {
        identity: known.identity,
        egress: scope.compiled.egress,
        tier: scope.watch.healthSoFar().tier,
        scope: known.request.scope,
        cgroup: known.cgroup,
        armedMs: Math.round(performance.now() - since),
        warnings: [...scope.compiled.warnings],
      },
    }
    this.#jobs.set(known.id, job)
    if (earlier !== undefined)
      scope.watch.gap(`what was told before is in ${earlier}/events.ndjson`)
    return job
  }

  async #uplinkOf(known: KnownJob, server: JobServer | null): Promise<JobUplink | undefined> {
    const { home } = this.#parts
    if (server !== null) return JobUplink.to(server, home)
    return known.server === null ? undefined : JobUplink.resume(known.server, home)
  }

  /** The job that a peer may ask about. @throws AgentError */
  #authorise(nonce: string, op: 'status' | 'report' | 'end', asker: Asker): Job {
    const stage = stageOf(asker.pid)
    const job = [...this.#jobs.values()].find(({ known }) => known.worker === stage.worker)
    if (job === undefined) throw this.#noJob(stage.worker)
    const { known, armedAt } = job
    requireOwnStage({ op, nonce, stage, known, armedAt, asker, watch: this.#scope(job).watch })
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

  #status({ armed, counts, name }: Job): JobStatus {
    const scope = this.#parts.service.scopes().find((one) => one.name === name)
    const { blocked, attackBlocked, detections } = counts
    const gaps = scope?.watch.healthSoFar().gaps ?? ['its scope has ended']
    return { ...armed, blocked, attackBlocked, detections, gaps }
  }

  /** The job looks as if nothing had been found: without its report it must not. */
  #silent(
    { request, worker, workerStart, id }: KnownJob,
    scope: GovernedScope,
    event: Event,
  ): void {
    const closed = request.failMode === 'closed'
    tellSilence(scope.stream, event, closed)
    this.#parts.say(
      `job ${id}: the action's last stage ended without its report${closed ? '; the worker is ended, so that the job fails' : ''}`,
    )
    if (!closed || processStart(worker) !== workerStart) return
    try {
      process.kill(worker, 'SIGKILL')
    } catch {
      // The kernel has done it (last-stage-hold.ts).
    }
  }

  #report(job: Job): Promise<JobReport> {
    job.lastStage.hasAsked = true
    job.report ??= this.#makeReport(job)
    return job.report
  }

  /** @throws AgentError when the report is not there */
  async #makeReport(job: Job): Promise<JobReport> {
    const { known, name, folder, uplink } = job
    const scope = this.#scope(job)
    scope.watch.reportAsked()
    this.#refusalsOf(scope).close()
    const gaps = await this.#parts.service.report(name)
    if (!existsSync(join(folder, 'report.json')))
      throw new AgentError(
        'NO_REPORT',
        `the job's report is not in ${folder}: ${gaps.find((gap) => gap.includes('report.json')) ?? 'it has been removed'}`,
        'make room there: a step may have filled the disk. What the policy did not allow stayed blocked',
      )
    return {
      folder,
      gaps,
      interrupted: known.records.length > 0 || scope.watch.healthSoFar().interrupted === true,
      failMode: known.request.failMode,
      failOn: known.request.failOn,
      unsent: (await uplink?.unsent()) ?? null,
      recommendation: (await uplink?.recommendation()) ?? null,
    }
  }

  /** Its worker is gone: what its steps have left is ended while the policy holds for it, and then that. */
  async #end(job: Job): Promise<void> {
    const { known, name } = job
    const scope = this.#parts.service.scopes().find((one) => one.name === name)
    const left = scope === undefined ? [] : await endLeftovers(known, scope)
    if (left.length > 0)
      this.#parts.say(`job ${known.id}: what its steps had left was ended: ${left.join(', ')}`)
    if (scope !== undefined) this.#refusalsOf(scope).close()
    this.#outside = new Refusals(undefined, this.#parts.say)
    await this.#endScope(known, name)
    // A machine that is the job's alone, and has no policy of its own, ends with it.
    if (!isTheMachine(known)) await this.#restore(known)
    if (known.ownCgroup) await JobCgroup.at(known.cgroup)?.release()
    this.#files.remove(known.id)
    job.claim.release()
    if (this.#jobs.size === 0) this.#parts.onIdle()
  }

  async #endScope({ overrules }: KnownJob, name: string): Promise<void> {
    const { service } = this.#parts
    if (overrules === null) await service.remove(name, false)
    else await service.giveBack(name)
  }

  /** @throws AgentError when the account's roads to root cannot all be shut */
  async #harden(known: KnownJob, { hardening }: CompiledPolicy): Promise<void> {
    if (hardening === 'none') return
    const changed = await hardenForJob({
      level: hardening,
      uid: known.uid,
      worker: workerOf(known),
    })
    if (changed.length > 0) this.#parts.say(`job ${known.id}: changed ${changed.join('; ')}`)
  }

  /** What was changed for a job that has ended; without one, for all whose workers are gone. */
  async #restore(known?: KnownJob): Promise<void> {
    const { say } = this.#parts
    const worker = known === undefined ? undefined : workerOf(known)
    const stays = await restoreAfterJob(worker).catch((error: unknown) => [messageOf(error)])
    for (const sentence of stays) say(`not as it was before the job: ${sentence}`)
  }

  /** A runner that was killed says nothing any more: its job ends all the same, with its reports. */
  async #look(): Promise<void> {
    const { patienceMs = defaultPatienceMs } = this.#parts
    if (!this.#came && performance.now() - this.#since > patienceMs) this.#parts.onIdle()
    for (const job of this.#jobs.values()) {
      const { worker, workerStart, id } = job.known
      if (processStart(worker) === workerStart) continue
      if (job.over && isKept(job.known)) continue
      this.#jobs.delete(id)
      if (job.report === undefined)
        this.#parts.say(`job ${id}: its worker has ended, and the action's post step did not run`)
      await this.#end(job).catch((error: unknown) =>
        this.#parts.say(`job ${id} could not be ended: ${messageOf(error)}`),
      )
    }
  }

  #scope({ name }: Job): GovernedScope {
    const scope = this.#parts.service.scopes().find((one) => one.name === name)
    if (scope !== undefined) return scope
    throw new AgentError('NO_SCOPE', 'the scope of the job has ended', 'see the log of the agent')
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

/** The machine is the job's alone, and has no policy of its own. */
function isTheMachine({ request, overrules }: KnownJob): boolean {
  return request.scope === 'host' && overrules === null
}

/** Its policy stays when it has ended. */
function isKept(known: KnownJob): boolean {
  return known.request.afterJob === 'keep' && isTheMachine(known)
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

function workerOf({ worker, workerStart }: KnownJob): JobWorker {
  return { pid: worker, start: workerStart }
}

/** Each arming of a job has a record of its own. */
function newRecord(parent: string, id: string): string {
  return join(parent, `${new Date().toISOString().replaceAll(':', '-')}-${id}`)
}
