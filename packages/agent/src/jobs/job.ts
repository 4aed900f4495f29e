import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Armed, Event, JobReport, JobServer, JobStatus } from '@runwarden/events'
import type { CompiledPolicy } from '@runwarden/policy'
import { AgentError, messageOf } from '../errors.ts'
import { hardenForJob, type JobWorker, restoreAfterJob } from '../harden/job.ts'
import { processStart, ticksSinceBoot } from '../run-state.ts'
import type { GovernedScope } from '../service/governed.ts'
import type { AgentService } from '../service/service.ts'
import type { Claim } from './claim.ts'
import { JobCgroup } from './job-cgroup.ts'
import type { JobFiles, KnownJob } from './job-file.ts'
import { Counts, type OpenRecord, scopeNameOf, settingsOf } from './job-settings.ts'
import { followServer, JobUplink } from './job-uplink.ts'
import { LastStage, tellSilence } from './last-stage.ts'
import { endLeftovers } from './leftovers.ts'
import { childRunning } from './runner.ts'

/** What a job needs of its agent. */
export interface JobHost {
  service: AgentService
  files: JobFiles
  /** The agent's state folder; by default that of all agents. */
  home: string | undefined
  /** Where the jobs' records go, a folder each. */
  out: string
  open: OpenRecord
  say: (text: string) => void
  /** The record of the scope is about to be closed: what more was refused in it is told. */
  closeRefusals: (scope: GovernedScope) => void
}

/** How a job begins to be watched. */
export interface Begins {
  /** When it asked, by the clock of performance.now(). */
  since: number
  /** On its worker. */
  claim: Claim
  /** null: there is none, or an agent before this one began with it */
  server: JobServer | null
}

/** A job that is watched, from its arming to its end. */
export class Job {
  readonly known: KnownJob
  readonly armed: Armed
  /** Clock ticks since boot: who began before, and after the end of an agent before, was seen by none. */
  readonly armedAt = ticksSinceBoot()
  /** The action has said that it is over. Its policy stays until its runner's worker, or the machine, ends. */
  over = false
  readonly #host: JobHost
  readonly #claim: Claim
  readonly #counts: Counts
  /** undefined: it has no control plane, or its token is gone. */
  readonly #uplink: JobUplink | undefined
  readonly #folder: string
  readonly #lastStage: LastStage
  #report: Promise<JobReport> | undefined

  private constructor(
    host: JobHost,
    known: KnownJob,
    parts: {
      claim: Claim
      counts: Counts
      uplink: JobUplink | undefined
      folder: string
      scope: GovernedScope
      since: number
    },
  ) {
    const { claim, counts, uplink, folder, scope, since } = parts
    this.#host = host
    this.known = known
    this.#claim = claim
    this.#counts = counts
    this.#uplink = uplink
    this.#folder = folder
    this.armed = {
      identity: known.identity,
      egress: scope.compiled.egress,
      tier: scope.watch.healthSoFar().tier,
      scope: known.request.scope,
      cgroup: known.cgroup,
      armedMs: Math.round(performance.now() - since),
      warnings: [...scope.compiled.warnings],
    }
    this.#lastStage = this.#followLastStage(scope)
  }

  /**
   * Puts a job's policy in force, in a scope of its own or in place of the machine's.
   * @throws AgentError; then nothing of it is in force, unless an agent before had it so
   */
  static async arm(host: JobHost, known: KnownJob, begins: Begins): Promise<Job> {
    const { service, files, out, open, say } = host
    const { since, claim, server } = begins
    const { id, overrules } = known
    const counts = new Counts()
    const folder = newRecord(join(out, 'jobs'), id)
    const earlier = known.records.at(-1)
    const kept = { ...known, records: [...known.records, folder] }
    files.write(kept)
    const uplink = await uplinkOf(host, known, server)
    const record = { folder, counts, open, uplink }
    if (overrules === null) await service.add(await settingsOf(known, record))
    else await service.overrule(overrules, (configured) => settingsOf(known, record, configured))
    try {
      const scope = scopeOf(host, known)
      if (scope === undefined) throw new AgentError('NOT_ARMED', 'its scope has ended already', '')
      await harden(host, known, scope.compiled).catch((error: unknown) => {
        // Of a job that goes on nothing is ended.
        if (earlier === undefined) throw error
        scope.watch.gap(messageOf(error))
      })
      const job = new Job(host, known, { claim, counts, uplink, folder, scope, since })
      if (earlier !== undefined)
        scope.watch.gap(`what was told before is in ${earlier}/events.ndjson`)
      followServer(uplink, { known: kept, files, service, scope })
      say(`job ${id} (${known.identity.job ?? 'unnamed'}): armed, ${scope.compiled.egress}`)
      return job
    } catch (error) {
      // Nobody would give the machine's scope back.
      if (earlier === undefined || overrules !== null) await endScope(host, known)
      throw error
    }
  }

  /** @throws AgentError when it has ended */
  get scope(): GovernedScope {
    const scope = scopeOf(this.#host, this.known)
    if (scope !== undefined) return scope
    throw new AgentError('NO_SCOPE', 'the scope of the job has ended', 'see the log of the agent')
  }

  /** Its runner's worker lives. */
  get isRunning(): boolean {
    const { worker, workerStart } = this.known
    return processStart(worker) === workerStart
  }

  /** Its policy stays when it has ended, as it has asked. */
  get isKept(): boolean {
    return this.over && isKept(this.known)
  }

  /** Its post stage has asked for the report. */
  get isReported(): boolean {
    return this.#report !== undefined
  }

  status(): JobStatus {
    const { blocked, attackBlocked, detections } = this.#counts
    const scope = scopeOf(this.#host, this.known)
    const gaps = scope?.watch.healthSoFar().gaps ?? ['its scope has ended']
    return { ...this.armed, blocked, attackBlocked, detections, gaps }
  }

  /** The record is closed with the first call. @throws AgentError when the report is not there */
  report(): Promise<JobReport> {
    this.#lastStage.hasAsked = true
    this.#report ??= this.#makeReport()
    return this.#report
  }

  /** Its worker is gone: what its steps have left is ended while the policy holds for it, and then that. */
  async end(): Promise<void> {
    const { known } = this
    const { files, say } = this.#host
    const scope = scopeOf(this.#host, known)
    const left = scope === undefined ? [] : await endLeftovers(known, scope)
    if (left.length > 0)
      say(`job ${known.id}: what its steps had left was ended: ${left.join(', ')}`)
    if (scope !== undefined) this.#host.closeRefusals(scope)
    try {
      await endScope(this.#host, known)
    } finally {
      // A machine that is the job's alone, and has no policy of its own, ends with it.
      if (!isTheMachine(known)) await restoreAfter(say, known)
    }
    if (known.ownCgroup) await JobCgroup.at(known.cgroup)?.release()
    files.remove(known.id)
    this.#claim.release()
  }

  #followLastStage(scope: GovernedScope): LastStage {
    const { known } = this
    const script = join(known.folder, 'post.js')
    const lastStage = new LastStage({
      action: known.action,
      post: script,
      onSilent: (event) => this.#silent(scope, event),
    })
    scope.stream.addSink(lastStage.see)
    if (known.records.length > 0) {
      // It may have begun while no agent was there.
      const post = childRunning(known.worker, script)
      lastStage.isUnderWay(post === undefined ? null : scope.watch.execIdOf(post))
    }
    return lastStage
  }

  /** The job looks as if nothing had been found: without its report it must not. */
  #silent(scope: GovernedScope, event: Event): void {
    const { request, worker, id } = this.known
    const closed = request.failMode === 'closed'
    tellSilence(scope.stream, event, closed)
    this.#host.say(
      `job ${id}: the action's last stage ended without its report${closed ? '; the worker is ended, so that the job fails' : ''}`,
    )
    if (!closed || !this.isRunning) return
    try {
      process.kill(worker, 'SIGKILL')
    } catch {
      // The kernel has done it (last-stage-hold.ts).
    }
  }

  async #makeReport(): Promise<JobReport> {
    const { known, scope } = this
    const folder = this.#folder
    scope.watch.reportAsked()
    this.#host.closeRefusals(scope)
    const gaps = await this.#host.service.report(scopeNameOf(known))
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
      unsent: (await this.#uplink?.unsent()) ?? null,
      recommendation: (await this.#uplink?.recommendation()) ?? null,
    }
  }
}

/** Its policy stays when it has ended. */
export function isKept(known: KnownJob): boolean {
  return known.request.afterJob === 'keep' && isTheMachine(known)
}

/** What was changed for a job that has ended is undone; without one, for all whose workers are gone. */
export async function restoreAfter(say: (text: string) => void, known?: KnownJob): Promise<void> {
  const worker = known === undefined ? undefined : workerOf(known)
  const stays = await restoreAfterJob(worker).catch((error: unknown) => [messageOf(error)])
  for (const sentence of stays) say(`not as it was before the job: ${sentence}`)
}

/** The machine is the job's alone, and has no policy of its own. */
function isTheMachine({ request, overrules }: KnownJob): boolean {
  return request.scope === 'host' && overrules === null
}

function scopeOf({ service }: JobHost, known: KnownJob): GovernedScope | undefined {
  const name = scopeNameOf(known)
  return service.scopes().find((one) => one.name === name)
}

async function endScope({ service }: JobHost, known: KnownJob): Promise<void> {
  const name = scopeNameOf(known)
  if (known.overrules === null) await service.remove(name, false)
  else await service.giveBack(name)
}

async function uplinkOf(
  { home }: JobHost,
  known: KnownJob,
  server: JobServer | null,
): Promise<JobUplink | undefined> {
  if (server !== null) return JobUplink.to(server, home)
  return known.server === null ? undefined : JobUplink.resume(known.server, home)
}

/** @throws AgentError when the account's roads to root cannot all be shut */
async function harden(
  { say }: JobHost,
  known: KnownJob,
  { hardening }: CompiledPolicy,
): Promise<void> {
  if (hardening === 'none') return
  const changed = await hardenForJob({ level: hardening, uid: known.uid, worker: workerOf(known) })
  if (changed.length > 0) say(`job ${known.id}: changed ${changed.join('; ')}`)
}

function workerOf({ worker, workerStart }: KnownJob): JobWorker {
  return { pid: worker, start: workerStart }
}

/** Each arming of a job has a record of its own. */
function newRecord(parent: string, id: string): string {
  return join(parent, `${new Date().toISOString().replaceAll(':', '-')}-${id}`)
}
