import { realpathSync } from 'node:fs'
import type { Health, Hook } from '@runwarden/events'
import { isLoopback, readAddress, type CompiledPolicy } from '@runwarden/policy'
import { githubHosts } from '@runwarden/policy/github-call'
import { ownNetnsCookie } from '@runwarden/libbpf'
import {
  startSensor,
  startTlsCapture,
  type Sensor,
  type SensorRecord,
  type TlsCapture,
} from '@runwarden/sensor'
import { AnsweredNames } from './answered-names.ts'
import { Detections } from './detections.ts'
import { readResolvers } from './dns/resolvers.ts'
import { startDnsProxy, type DnsProxy } from './dns/start.ts'
import { openEnforcer, type Enforcer } from './enforce/enforcer.ts'
import { messageOf } from './errors.ts'
import { jobNames } from './job-names.ts'
import { Guard, guardMs } from './guard/guard.ts'
import { endHeld, HeldWatch } from './https/held-watch.ts'
import { OutboundCalls } from './https/outbound.ts'
import { Integrity } from './integrity/integrity.ts'
import { knowsProcesses, Namespaces } from './namespaces.ts'
import { Lockdown } from './lockdown.ts'
import { UplinkWatch } from './link/uplink-watch.ts'
import { Narrator } from './narrator.ts'
import { ProcessTable } from './process-table.ts'
import { RunState } from './run-state.ts'
import type { Scope } from './scope.ts'
import { SecretWatch } from './secrets/secret-watch.ts'
import { kernelRule, Steps, type WorkerRule } from './steps.ts'
import { Tidy } from './tidy.ts'
import { RunHealth } from './watch/health.ts'
import type { WatchPlace, WatchSettings } from './watch/settings.ts'

/** How often counted attempts are told, and what enforces is looked at. */
const tickMs = guardMs

/**
 * A scope under watch and policy. It is armed when `arm` returns: a deny was seen enforced and its
 * event delivered.
 */
export class Watch {
  readonly scope: Scope
  private readonly settings: WatchSettings
  private readonly lockdown: Lockdown
  private readonly state: WatchPlace
  private readonly closers: ((keep: boolean) => void | Promise<unknown>)[] = []
  private readonly health: RunHealth
  private sensor!: Sensor
  /** Undefined: it could not be started, which was told. */
  private tls: TlsCapture | undefined
  private heldWatch: HeldWatch | undefined
  private secrets!: SecretWatch
  private enforcer!: Enforcer
  private dns!: DnsProxy
  private narrator!: Narrator
  private guard!: Guard
  private integrity!: Integrity
  private uplinks: UplinkWatch | undefined
  private namespaces: Namespaces | undefined
  private readonly processes = new ProcessTable()
  /** Records are being handed over: their rings are not emptied in the middle of it. */
  private taking = false
  private readonly tidy = new Tidy()
  private handled = 0
  private unfit = 0
  private ticking: NodeJS.Timeout | undefined

  private constructor(settings: WatchSettings, state: WatchPlace) {
    this.settings = settings
    this.state = state
    this.scope = state.scope
    this.health = new RunHealth(settings)
    this.lockdown = new Lockdown({
      ids: () => this.narrator.compiled.lockdown,
      end: () => this.scope.kill(),
      emit: (finding) => settings.stream.emit(finding),
      say: settings.say,
    })
  }

  /**
   * @param place by default a new one, for one run
   * @throws AgentError, BpfError, DnsProxyError, EnforceError; then nothing stays behind, but what an
   * earlier agent enforced there.
   */
  static async arm(settings: WatchSettings, place: WatchPlace = RunState.create()): Promise<Watch> {
    const watch = new Watch(settings, place)
    try {
      await watch.start()
      return watch
    } catch (error) {
      if (place.adopted) await watch.abandon()
      else await watch.close()
      throw error
    }
  }

  private async start(): Promise<void> {
    const { compiled, workspace, stream, step, exempt, agentCgroup, github } = this.settings
    const resolvers = readResolvers()
    // The thread starts while the kernel verifies the sensor's programs.
    const starting = startDnsProxy({
      policy: compiled,
      resolvers,
      onQueries: (queries) => {
        for (const query of queries) this.health.telling(() => this.narrator.query(query))
      },
      onFailure: (error) => this.gap(error.message),
    })
    // Also when what follows fails before the thread has started.
    this.closers.push(() =>
      starting.then(
        (dns) => dns.close(),
        () => {},
      ),
    )
    if (knowsProcesses()) {
      this.namespaces = new Namespaces({
        dns: () => this.dns,
        served: () => this.sensor.servedNetns,
        processes: () => this.scope.processes(),
        gap: (text) => this.gap(text),
      })
      this.closers.push(() => this.namespaces?.close())
    }
    const { processes } = this
    const exeOf = (id: string | null): string => (id === null ? '' : (processes.get(id)?.exe ?? ''))
    const integrity = new Integrity({
      workspace: realpathSync(workspace),
      processes,
      emit: (changed) => this.health.telling(() => this.narrator.changed(changed)),
      gap: (text) => this.gap(text),
    })
    this.integrity = integrity
    this.closers.push(() => integrity.close())
    // Its thread, too, starts meanwhile.
    if (this.filesUnwatched === null) integrity.begin()
    const detections = await Detections.load({
      processes,
      job: jobNames(process.env),
      rules: this.settings.rules,
      baseline: this.settings.baseline,
      gap: (text) => this.gap(text),
      writerOf: (event) => integrity.see(event),
    })
    stream.addSink((event) => this.lockdown.see(event))
    this.sensor = startSensor({
      scopeCgroup: this.scope.path,
      agentCgroup,
      workspace: this.filesUnwatched === null ? workspace : null,
      endLeavers: compiled.egress === 'block',
      worker: kernelRule(this.workerRule),
      ...(this.namespaces ? { onAwaiting: (pid) => this.namespaces?.serve(pid) } : {}),
      onRecords: (records) => this.take(records),
    })
    this.closers.push(() => this.sensor.close())
    const outbound = new OutboundCalls({
      repository: github.repository,
      hosts: githubHosts({
        GITHUB_API_URL: github.apiUrl ?? undefined,
        GITHUB_SERVER_URL: github.serverUrl ?? undefined,
      }),
      exeOf,
    })
    this.dns = await starting
    this.narrator = new Narrator({
      stream,
      step,
      steps: new Steps({
        rule: this.workerRule,
        known: (execId) => this.sensor.knowWorker(execId),
        fallback: step,
        gap: (text) => this.gap(text),
      }),
      compiled,
      processes,
      names: new AnsweredNames(),
      detections: {
        see: (event) => [
          ...detections.see(event),
          ...this.guard.see(event),
          ...outbound.see(event),
        ],
      },
      learnedName: (id) => this.enforcer.name(id),
      drainDns: () => this.dns.drain(),
      drainSensor: () => {
        if (this.taking) return false
        this.sensor.drain()
        return true
      },
      later: (tell) => setImmediate(() => this.health.telling(tell)),
      onFork: this.settings.onFork,
      onReadByAction: (record) => this.secrets.opened(record),
      onExec: ({ time }) => this.health.started(time),
    })
    this.enforcer = openEnforcer({
      scopeCgroup: this.scope.path,
      reuse: { ...this.sensor.maps, ...this.sensor.narrowed },
      socketCalls: this.sensor.calls,
      compiled,
      step,
      proxy: this.dns.ports,
      exempt,
      agentCgroup,
      netns: ownNetnsCookie(),
      localResolver: resolvers.some((server) =>
        isLoopback(readAddress(server) ?? new Uint8Array(16)),
      ),
      pinDir: `${this.state.pinDir}/enforce`,
    })
    this.closers.push((keep) => (keep ? this.enforcer.release() : this.enforcer.close()))
    if (this.settings.link !== undefined) {
      const uplinks = new UplinkWatch(
        {
          ...this.settings.link,
          enforcer: this.enforcer,
          pinDir: `${this.state.pinDir}/uplinks`,
        },
        this.health,
      )
      this.uplinks = uplinks
      this.closers.push((keep) => uplinks.close(keep))
    }
    this.watchSecrets(agentCgroup)
    const tlsHook = this.readTls(agentCgroup)
    await this.dns.useMaps(this.enforcer.maps)
    this.enforcer.selfCheck(() => this.sensor.drain())
    this.namespaces?.adopt()
    this.guard = new Guard({
      scope: this.scope,
      pinDir: this.state.pinDir,
      workspace,
      step,
      compiled: () => this.narrator.compiled,
      adopted: this.enforcer.adopted,
      reuse: this.sensor.maps,
      sensorHooks: this.sensor.hooks,
      exeOf,
      repair: () => this.enforcer.repair(),
      drainDns: () => this.dns.drain(),
      gap: (text) => this.gap(text),
      emit: (detection) => stream.emit(detection),
    })
    this.closers.push(() => this.guard.close())
    this.health.arm(this.guard.prevents ? 'T2' : this.sensor.tier, [
      tlsHook,
      this.secrets.hook,
      ...this.sensor.hooks,
      ...this.enforcer.hooks,
      ...this.guard.hooks,
      ...(this.uplinks?.hooks ?? []),
    ])
    this.sensor.tellRunning()
    this.health.tellArmed(
      `policy ${compiled.egress}; a deny was seen enforced and its event delivered`,
    )
    if (this.enforcer.adopted)
      this.gap(
        "an earlier agent's policy was in force here and has been taken over: what happened since that agent's end was decided by it, but is not in this record",
      )
    if (this.filesUnwatched !== null)
      this.gap(
        `file monitoring is off (disable-file-monitoring in ${this.filesUnwatched}): of files, only sensitive places are watched`,
      )
    if (this.uplinks?.hooks.length === 0)
      this.gap(
        'no interface leads out of this machine: packet sockets and virtual machines are decided about from when one does',
      )
    for (const hook of [...this.sensor.hooks, tlsHook, this.secrets.hook]) {
      if (hook.state === 'refused' && hook.tier === 'T0')
        this.gap(`${hook.name} is not watched: ${hook.reason}`)
    }
    this.ticking = setInterval(() => this.tick(), tickMs).unref()
  }

  /**
   * Puts another policy in force; what both allow goes on undisturbed.
   * @throws EnforceError when it has no room in the kernel, DnsProxyError; then the old one stays in force
   */
  async replacePolicy(compiled: CompiledPolicy): Promise<void> {
    await this.dns.replacePolicy(compiled)
    try {
      // In one go: a tick of the guard between the two would take what is prepared for somebody else's, and mend it.
      this.enforcer.preparePolicy(compiled)()
    } catch (error) {
      await this.dns.replacePolicy(this.narrator.compiled)
      throw error
    }
    // What was decided by the old one is told by its lines: also what was counted, in both maps of it.
    this.sensor.drain()
    for (let map = 0; map < 2; map++) this.narrator.counted(this.enforcer.attempts())
    this.narrator.compiled = compiled
    this.holdRequests()
    this.guard.policyReplaced()
  }

  /** Finds the files of exempt programs anew. @throws EnforceError when one is not there any more */
  refindExempt(): void {
    this.enforcer.refindExempt()
  }

  /** Tells that another policy is in force. */
  reloaded(): void {
    this.health.tell('armed', `policy reloaded: ${this.narrator.compiled.egress}`)
  }

  private watchSecrets(agentCgroup: bigint | undefined): void {
    const secrets = new SecretWatch({
      scopeCgroup: this.scope.path,
      agentCgroup,
      calls: this.sensor.calls,
      outputs: this.settings.outputs ?? [],
      known: this.settings.secrets ?? [],
      armed: () => this.health.armed,
      drainSensor: () => this.sensor.drain(),
      stepOf: (chunk) => this.narrator.stepOfLog(chunk),
      drainContent: () => this.tls?.drain(),
      emit: (body) => this.health.telling(() => this.narrator.found(body)),
      emitAt: (at, body) => this.health.telling(() => this.narrator.foundInFile(at, body)),
      gap: (text) => this.health.missing(text),
    })
    this.secrets = secrets
    this.settings.stream.addSink((event) => secrets.see(event))
    this.closers.push(() => secrets.close())
  }

  /** Content is read from here on; where it can't be, all of it is told as opaque. */
  private readTls(agentCgroup: bigint | undefined): Hook {
    const hook = { name: 'uprobes on TLS libraries', tier: 'T0' as const }
    try {
      const tls = startTlsCapture({
        scopeCgroup: this.scope.path,
        agentCgroup,
        calls: this.sensor.calls,
        https: this.enforcer.httpsMaps(),
        onUnseen: ({ path, reason }) =>
          this.gap(`what ${path} sends by TLS is not read: ${reason}`),
        onContent: (content) => {
          if (!this.health.armed) return
          for (const one of content) this.health.telling(() => this.narrator.https.take(one))
        },
        onUse: (use) => this.narrator.https.use(use),
      })
      this.tls = tls
      this.closers.push(
        () => this.heldWatch?.close(),
        () => tls.close(),
      )
      if (this.enforcer.adopted)
        for (const text of endHeld(this.enforcer.pinnedMaps)) this.gap(text)
      this.narrator.https.decideOffers({
        grants: this.enforcer.httpsMaps().https_grants,
        endUngranted: (family) => this.enforcer.endUngranted(family),
        free: (offer) => tls.free(offer),
      })
      this.holdRequests()
      return { ...hook, state: 'active', reason: '' }
    } catch (error) {
      return { ...hook, state: 'refused', reason: messageOf(error) }
    }
  }

  /** What programs are about to send is held for as long as the policy has HTTPS rules, and blocks. */
  private holdRequests(): void {
    const { egress, https } = this.narrator.compiled
    const on = this.tls !== undefined && egress === 'block' && https.lines.length > 0
    if (on) this.heldWatch ??= HeldWatch.start(this.enforcer.pinnedMaps, (text) => this.gap(text))
    this.tls?.hold(on)
  }

  /** Takes what was captured, and closes the connections of processes that have ended. */
  private drainTls(): void {
    this.tls?.drain()
    this.health.telling(() => this.narrator.https.settle())
  }

  private get workerRule(): WorkerRule {
    return this.settings.worker ?? { from: 'command' }
  }

  private tick(): void {
    this.tidy.tick(this.handled)
    this.narrator.counted(this.enforcer.attempts())
    this.drainTls()
    this.guard.tick()
    this.namespaces?.sweep()
    this.tellUnfit()
    this.uplinks?.tick()
  }

  /** The kernel knows so many processes at most; those beyond get nothing from narrowed lines. */
  private tellUnfit(): void {
    const unfit = this.sensor.unfit()
    if (unfit > this.unfit)
      this.gap(
        `${unfit - this.unfit} processes were too many to be known by lines of the policy that are narrowed to programs or steps: these lines allow them nothing`,
      )
    this.unfit = unfit
  }

  /** The place of the line that turned file monitoring off, of the policy that this watch was armed with; null: it is on. */
  get filesUnwatched(): string | null {
    return this.settings.compiled.filesUnwatched
  }

  /** Identity of a process that runs now; null when its start is not known. */
  execIdOf(pid: number): string | null {
    return this.processes.withPid(pid)?.execId ?? null
  }

  get hooks(): Hook[] {
    return this.health.hooks
  }

  /** The run's health while it goes on. */
  healthSoFar(): Health {
    return this.health.soFar()
  }

  /** Takes all that is still under way, and returns the run's health. */
  async finish(reason = 'the command has ended'): Promise<Health> {
    clearInterval(this.ticking)
    this.sensor.drain()
    this.drainTls()
    this.tellUnfit()
    this.health.telling(() => this.narrator.https.finish())
    this.guard.tick()
    await this.secrets.finish()
    await this.integrity.finish()
    // Its end also tells queries that nobody has answered yet. Without its thread, which was told
    // as a gap, what it lost is not known.
    const recordsLost = (await this.dns.close())?.recordsLost ?? 0
    this.narrator.counted(this.enforcer.attempts(true))
    for (const flow of this.enforcer.flows()) this.narrator.flow(flow)
    const lost = {
      ...this.sensor.lost(),
      ...(recordsLost > 0 ? { 'dns.query': recordsLost } : {}),
      ...this.tlsLost(),
    }
    return this.health.end(lost, reason)
  }

  private tlsLost(): Record<string, number> {
    const lost = Object.entries(this.tls?.lost() ?? {}).filter(([, count]) => count > 0)
    return Object.fromEntries(lost.map(([what, count]) => [`tls.${what}`, count]))
  }

  /** Ends watch and policy, and leaves nothing behind. A scope of its own must be empty. */
  async close(): Promise<void> {
    await this.end(false)
    await this.state.close()
  }

  /** Ends the watch, and leaves the policy enforced by what is pinned. */
  async abandon(): Promise<void> {
    await this.end(true)
  }

  private async end(keep: boolean): Promise<void> {
    clearInterval(this.ticking)
    for (const close of this.closers.toReversed()) await close(keep)
  }

  private take(records: readonly SensorRecord[]): void {
    const outer = this.taking
    this.taking = true
    this.handled += records.length
    try {
      for (const record of records) {
        if (record.kind === 'connect' && this.enforcer.sighted(record)) continue
        this.namespaces?.see(record)
        if (this.health.armed) this.tell(record)
      }
    } finally {
      this.taking = outer
    }
  }

  /** As RunHealth.telling(), for what comes by the thousand. */
  private tell(record: SensorRecord): void {
    try {
      this.narrator.record(record)
    } catch (error) {
      this.health.cannotTell(error)
    }
  }

  /** Tells something that is missing from the record, or that could not be done. */
  gap(text: string): void {
    this.health.gap(text)
  }
}
