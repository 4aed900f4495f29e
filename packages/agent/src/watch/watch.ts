import type { Health, Hook } from '@runwarden/events'
import type { CompiledPolicy } from '@runwarden/policy'
import { readResolvers } from '../dns/resolvers.ts'
import { guardMs } from '../guard/guard.ts'
import { closedPolicy, suspendLockdowns, wasLockedDown } from '../job-lockdown.ts'
import { RunState } from '../run-state.ts'
import type { Scope } from '../scope.ts'
import type { Process } from '../process-table.ts'
import type { RootStep } from '../steps.ts'
import { Tidy } from '../tidy.ts'
import { Enforcement } from './enforcement.ts'
import { RunHealth } from './health.ts'
import { Recording } from './recording.ts'
import type { WatchPlace, WatchSettings } from './settings.ts'

/** How often counted attempts are told, and what enforces is looked at. */
const tickMs = guardMs

/**
 * A scope under watch and policy. It is armed when `arm` returns: a deny was seen enforced and its
 * event delivered.
 */
export class Watch {
  readonly scope: Scope
  private readonly settings: WatchSettings
  private readonly place: WatchPlace
  private readonly health: RunHealth
  private readonly recording: Recording
  private readonly enforcement: Enforcement
  private readonly tidy = new Tidy()
  private ticking: NodeJS.Timeout | undefined

  private constructor(settings: WatchSettings, place: WatchPlace) {
    this.settings = settings
    this.place = place
    this.scope = place.scope
    this.health = new RunHealth(settings)
    this.recording = new Recording(settings, place, this.health, () => this.enforcement)
    this.enforcement = new Enforcement(settings, place, this.recording, this.health)
  }

  /**
   * @param place by default a new one, for one run
   * @throws AgentError, BpfError, DnsProxyError, EnforceError; then nothing stays behind, but what an
   * earlier agent enforced there.
   */
  static async arm(settings: WatchSettings, place: WatchPlace = RunState.create()): Promise<Watch> {
    const { compiled, lockdown } = settings
    const locked = lockdown !== undefined && wasLockedDown(place, lockdown.id)
    // Else it ends the self-check's own processes, too.
    if (locked) suspendLockdowns(place)
    const watch = new Watch(
      locked ? { ...settings, compiled: closedPolicy(compiled) } : settings,
      place,
    )
    try {
      const resolvers = readResolvers()
      await watch.recording.open(resolvers)
      watch.enforcement.open(resolvers)
      watch.recording.start()
      await watch.enforcement.start()
      watch.begin()
      return watch
    } catch (error) {
      if (place.adopted) await watch.abandon()
      else await watch.close()
      throw error
    }
  }

  /** All is in place: what happens from here on is the job's. */
  private begin(): void {
    const { health, filesUnwatched } = this
    const { sensor, secrets } = this.recording
    const { enforcer, uplinks, tls, guard } = this.enforcement
    health.arm(guard.prevents ? 'T2' : sensor.tier, [
      tls.hook,
      secrets.hook,
      ...sensor.hooks,
      ...enforcer.hooks,
      ...guard.hooks,
      ...(uplinks?.hooks ?? []),
    ])
    sensor.tellRunning()
    health.tellArmed(
      `policy ${this.settings.compiled.egress}; a deny was seen enforced and its event delivered`,
    )
    if (enforcer.adopted && this.settings.handedOver !== true) {
      health.interrupted = true
      health.gap(
        "an earlier agent's policy was in force here and has been taken over: what happened since that agent's end was decided by it, but is not in this record",
      )
    }
    if (this.recording.keptSteps?.isLost === true)
      health.gap(
        "which processes steps have left behind here is not known, as what an earlier agent knew of them is gone: one that calls itself Runner.Worker later may be taken for the runner's worker",
      )
    if (filesUnwatched !== null)
      health.gap(
        `file monitoring is off (disable-file-monitoring in ${filesUnwatched}): of files, only sensitive places are watched`,
      )
    if (uplinks?.hooks.length === 0)
      health.gap(
        'no interface leads out of this machine: packet sockets and virtual machines are decided about from when one does',
      )
    for (const hook of [...sensor.hooks, tls.hook, secrets.hook]) {
      if (hook.state === 'refused' && hook.tier === 'T0')
        health.gap(`${hook.name} is not watched: ${hook.reason}`)
    }
    this.ticking = setInterval(() => this.tick(), tickMs).unref()
  }

  private tick(): void {
    const { recording, enforcement } = this
    this.tidy.tick(recording.handled)
    recording.narrator.connections.counted(enforcement.enforcer.attempts())
    enforcement.tls.settle()
    enforcement.guard.tick()
    recording.network.tick()
    recording.namespaces?.sweep()
    recording.tellUnfit()
    enforcement.uplinks?.tick()
    enforcement.sweep()
  }

  /**
   * Puts another policy in force; what both allow goes on undisturbed.
   * @throws EnforceError when it has no room in the kernel, DnsProxyError; then the old one stays in force
   */
  replacePolicy(compiled: CompiledPolicy): Promise<void> {
    return this.enforcement.replacePolicy(compiled)
  }

  /** Tells that another policy is in force. @param what it is another of */
  reloaded(what = 'policy reloaded'): void {
    this.health.tell('armed', `${what}: ${this.recording.narrator.compiled.egress}`)
  }

  /** Finds exempt cgroups and programs anew: others may have taken their place. What is not there is not exempt. */
  refindExempt(): void {
    this.enforcement.enforcer.refindExempt()
  }

  get hooks(): Hook[] {
    return this.health.hooks
  }

  /** The place of the line that turned file monitoring off, of the policy that this watch was armed with; null: it is on. */
  get filesUnwatched(): string | null {
    return this.settings.compiled.filesUnwatched
  }

  /** Identity of a process that runs now; null when its start is not known. */
  execIdOf(pid: number): string | null {
    return this.processAt(pid)?.execId ?? null
  }

  /** What is known of a process that runs now. */
  processAt(pid: number): Process | undefined {
    // Its beginning may be in a ring still.
    this.recording.sensor.drain()
    return this.recording.processes.withPid(pid)
  }

  /** The step that a process is the root of, by the kernel's word. */
  rootOf(pid: number): RootStep | undefined {
    const process = this.processAt(pid)
    return process === undefined ? undefined : this.recording.steps.rootOf(process.execId)
  }

  /** A detection has ended the job, and its worker goes on. */
  get isLockedDown(): boolean {
    return this.enforcement.isLockedDown
  }

  /** The action's last stage has asked for the report: it may end well. */
  reportAsked(): void {
    this.enforcement.reportAsked()
  }

  /** The run's health while it goes on. */
  healthSoFar(): Health {
    return this.health.soFar()
  }

  /** Tells something that is missing from the record, or that could not be done. */
  gap(text: string): void {
    this.health.gap(text)
  }

  /** The same of what was said before the watch began. */
  lacks(text: string): void {
    this.health.missing(text)
  }

  /**
   * Takes all that is still under way, and returns the run's health.
   * @param goesOn what enforces stays watched, and names go on to resolve
   */
  async finish(reason = 'the command has ended', goesOn = false): Promise<Health> {
    if (!goesOn) clearInterval(this.ticking)
    const { sensor, dns, narrator, secrets, integrity, programs } = this.recording
    const { enforcer, uplinks, tls, guard } = this.enforcement
    sensor.drain()
    tls.settle()
    this.recording.tellUnfit()
    tls.finish()
    guard.tick({ ended: true })
    this.recording.network.tick()
    // Who takes the link layer off in the last second is told, too.
    uplinks?.tick()
    await secrets.finish()
    await integrity.finish()
    // Most were read meanwhile.
    await programs.finish()
    // Its end also tells queries that nobody has answered yet. Without its thread, which was told
    // as a gap, what it lost is not known.
    const stats = goesOn ? await dns.stats().catch(() => null) : await dns.close()
    const recordsLost = stats?.recordsLost ?? 0
    narrator.connections.counted(enforcer.attempts(true))
    for (const flow of enforcer.flows()) narrator.connections.flow(flow)
    const lost = {
      ...sensor.lost(),
      ...(recordsLost > 0 ? { 'dns.query': recordsLost } : {}),
      ...tls.lost(),
    }
    return this.health.end(lost, reason)
  }

  /** Ends watch and policy, and leaves nothing behind. A scope of its own must be empty. */
  async close(): Promise<void> {
    await this.end(false)
    await this.place.close()
  }

  /** Ends the watch, and leaves the policy enforced by what is pinned. */
  async abandon(): Promise<void> {
    await this.end(true)
  }

  private async end(keep: boolean): Promise<void> {
    clearInterval(this.ticking)
    await this.enforcement.close(keep)
    await this.recording.close()
  }
}
