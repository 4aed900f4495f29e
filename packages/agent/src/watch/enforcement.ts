import { ownNetnsCookie } from '@runwarden/libbpf'
import { type CompiledPolicy, isLoopbackText } from '@runwarden/policy'
import { type Enforcer, openEnforcer } from '../enforce/enforcer.ts'
import type { EnforcerOptions } from '../enforce/enforcer-options.ts'
import { type OpenPrograms, openPrograms } from '../enforce/open-programs.ts'
import { messageOf } from '../errors.ts'
import { Guard } from '../guard/guard.ts'
import { openTls, type TlsPrograms, TlsWatch, type TlsWatchParts } from '../https/tls-watch.ts'
import { closedPolicy, JobLockdown, suspendLockdowns } from '../job-lockdown.ts'
import { endLastStages, LastStageHold } from '../last-stage-hold.ts'
import { UplinkWatch } from '../link/uplink-watch.ts'
import type { RunHealth } from './health.ts'
import type { Recording } from './recording.ts'
import type { WatchPlace, WatchSettings } from './settings.ts'

/** The policy in force on a scope, and what keeps it there. */
export class Enforcement {
  enforcer!: Enforcer
  /** Only where the scope is the whole machine. */
  uplinks: UplinkWatch | undefined
  tls!: TlsWatch
  guard!: Guard
  /** Where the job's worker outlives the job's end. */
  private lockdown: JobLockdown | undefined
  /** Where the job fails without its report. */
  private lastStage: LastStageHold | undefined
  private readonly settings: WatchSettings
  private readonly place: WatchPlace
  private readonly recording: Recording
  private readonly health: RunHealth
  private options!: EnforcerOptions
  private programs!: OpenPrograms
  private tlsPrograms!: TlsPrograms
  /** Policies are replaced one after the other. */
  private replaced: Promise<void> = Promise.resolve()
  private readonly closers: ((keep: boolean) => unknown)[] = []

  /** @param recording of the same scope */
  constructor(settings: WatchSettings, place: WatchPlace, recording: Recording, health: RunHealth) {
    this.settings = settings
    this.place = place
    this.recording = recording
    this.health = health
  }

  /**
   * Has the kernel verify the programs, while others do their part. What has started when it throws is ended by close().
   * @param recording that is open
   */
  open(resolvers: readonly string[]): void {
    const { compiled } = this.settings
    this.options = this.enforcerOptions(resolvers)
    const programs = openPrograms(this.options)
    this.programs = programs
    this.closers.push(() => programs.object.close())
    const tls = openTls(this.tlsScope(), programs.https, compiled)
    this.tlsPrograms = tls
    this.closers.push(() => tls.close())
  }

  /**
   * Puts it in force, and shows that a deny is enforced and told. What has started when it throws is ended by close().
   * @param recording that has started
   */
  async start(): Promise<void> {
    const { dns, sensor, namespaces } = this.recording
    this.enforcer = openEnforcer({ ...this.options, socketCalls: sensor.calls }, this.programs)
    this.closers.push((keep) => (keep ? this.enforcer.release() : this.enforcer.close()))
    this.openUplinks()
    this.openTls()
    await dns.useMaps(this.enforcer.maps)
    this.enforcer.selfCheck(() => sensor.drain())
    // Its attempts were those of processes in the scope.
    this.recording.requireSight()
    namespaces?.adopt()
    this.openLockdown()
    this.openLastStage()
    this.openGuard()
  }

  /**
   * Ends every process of the job at once. Where a worker goes on, nothing that is not exempt leaves any more.
   * @returns what was done, for people
   * @throws when they could not be ended
   */
  endJob(): string {
    if (this.lockdown === undefined) {
      this.place.scope.kill()
      return 'Every process of the scope was killed.'
    }
    try {
      this.lockdown.end()
    } finally {
      this.replacePolicy(closedPolicy(this.recording.narrator.compiled)).catch((error: unknown) =>
        this.health.gap(
          `the job was ended, and its policy could not be closed: ${messageOf(error)}; what runs for it still may reach what the policy allows`,
        ),
      )
    }
    return "Every process of the job's steps was killed. Nothing of the job leaves any more, and no step runs but this action's own last one."
  }

  /** Names are not answered any more. @param why for people */
  nameless(why: string): void {
    // Before there is a guard, what follows can't be armed.
    ;(this.guard as Guard | undefined)?.nameless(why)
  }

  /** The job was ended, and its worker goes on. */
  get isLockedDown(): boolean {
    return this.lockdown?.isLocked ?? false
  }

  /** Finds what has come of a job that was ended. */
  sweep(): void {
    this.lockdown?.sweep()
  }

  /** The action's last stage has asked for the report: it may end well. */
  reportAsked(): void {
    this.lastStage?.asked()
  }

  private enforcerOptions(resolvers: readonly string[]): EnforcerOptions {
    const { compiled, step, exempt, agentCgroup } = this.settings
    const { openSensor, dns } = this.recording
    return {
      scopeCgroup: this.place.scope.path,
      reuse: { ...openSensor.maps, ...openSensor.narrowed },
      compiled,
      step,
      proxy: dns.ports,
      exempt,
      agentCgroup,
      netns: ownNetnsCookie(),
      localResolver: resolvers.some(isLoopbackText),
      pinDir: `${this.place.pinDir}/enforce`,
    }
  }

  private tlsScope(): Pick<TlsWatchParts, 'scopeCgroup' | 'agentCgroup'> {
    return { scopeCgroup: this.place.scope.path, agentCgroup: this.settings.agentCgroup }
  }

  private openUplinks(): void {
    const { link } = this.settings
    if (link === undefined) return
    const pinDir = `${this.place.pinDir}/uplinks`
    const parts = { ...link, enforcer: this.enforcer, pinDir }
    const uplinks = new UplinkWatch(parts, this.health, this.settings)
    this.uplinks = uplinks
    this.closers.push((keep) => uplinks.close(keep))
  }

  private openTls(): void {
    const { compiled } = this.settings
    const { sensor, narrator } = this.recording
    const parts = {
      ...this.tlsScope(),
      programs: this.tlsPrograms,
      calls: sensor.calls,
      enforcer: this.enforcer,
      content: narrator.https,
      health: this.health,
      onNewProgram: () => this.recording.catchUp(),
    }
    const tls = new TlsWatch(parts, compiled)
    this.tls = tls
    this.closers.push(() => tls.close())
  }

  private openLockdown(): void {
    const { lockdown: settings, compiled, agentCgroup } = this.settings
    if (settings === undefined || compiled.lockdown.length === 0) {
      suspendLockdowns(this.place)
      return
    }
    const lockdown = JobLockdown.open({
      ...settings,
      place: this.place,
      agentCgroup,
      members: this.recording.sensor.members,
      exempt: this.enforcer.exemptProcesses,
    })
    this.lockdown = lockdown
    this.closers.push((keep) => lockdown.close(keep))
  }

  private openLastStage(): void {
    const { lockdown: settings } = this.settings
    if (settings?.failMode !== 'closed') {
      endLastStages(this.place)
      return
    }
    try {
      const lastStage = LastStageHold.open({
        ...settings,
        place: this.place,
        members: this.recording.sensor.members,
        exempt: this.enforcer.exemptProcesses,
      })
      this.lastStage = lastStage
      this.closers.push((keep) => lastStage.close(keep))
    } catch (error) {
      this.health.gap(
        `the agent alone sees to it that the action's last stage tells of the job, and the kernel does not: ${messageOf(error)}`,
      )
    }
  }

  private openGuard(): void {
    const { workspace, step, stream } = this.settings
    const { dns, narrator, processes, sensor } = this.recording
    const { scope, pinDir } = this.place
    this.guard = new Guard({
      scope,
      pinDir,
      workspace,
      step,
      compiled: () => narrator.compiled,
      adopted: this.enforcer.adopted,
      reuse: sensor.maps,
      sensorHooks: sensor.hooks,
      exeOf: (id) => processes.exeOf(id),
      repair: () => this.enforcer.repair(),
      names: this.recording.names,
      drainDns: () => dns.drain(),
      gap: (text) => this.health.gap(text),
      emit: (detection) => stream.emit(detection),
    })
    this.closers.push(() => this.guard.close())
  }

  /**
   * Puts another policy in force; what both allow goes on undisturbed.
   * @throws EnforceError when it has no room in the kernel, DnsProxyError; then the old one stays in force
   */
  replacePolicy(compiled: CompiledPolicy): Promise<void> {
    const replaced = this.replaced.then(() => this.replaceNow(compiled))
    this.replaced = replaced.catch(() => {})
    return replaced
  }

  private async replaceNow(compiled: CompiledPolicy): Promise<void> {
    const { sensor, narrator } = this.recording
    this.guard.policyChanges()
    try {
      await this.putInForce(compiled)
      // What was decided by the old one is told by its lines: also what was counted, in both maps of it.
      sensor.drain()
      for (let map = 0; map < 2; map++) narrator.connections.counted(this.enforcer.attempts())
      narrator.compiled = compiled
      this.tls.follow(compiled)
    } finally {
      this.guard.policyReplaced()
    }
  }

  private async putInForce(compiled: CompiledPolicy): Promise<void> {
    const { dns, narrator } = this.recording
    // Its thread reads the policy while this one writes it to the kernel.
    const known = dns.replacePolicy(compiled)
    try {
      const enact = this.enforcer.preparePolicy(compiled)
      await known
      enact()
    } catch (error) {
      await known
      await dns.replacePolicy(narrator.compiled)
      throw error
    }
  }

  /** @param keep what is pinned stays in force */
  async close(keep: boolean): Promise<void> {
    for (const close of this.closers.toReversed()) await close(keep)
  }
}
