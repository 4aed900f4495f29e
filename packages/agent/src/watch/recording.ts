import { realpathSync } from 'node:fs'
import {
  type OpenSensor,
  openSensor,
  type Sensor,
  type SensorOptions,
  type SensorRecord,
  type SensitivePlace,
  startSensor,
  sensitivePlaces,
} from '@runwarden/sensor'
import { AnsweredNames } from '../answered-names.ts'
import { AgentError } from '../errors.ts'
import { type DnsProxy, startDnsProxy } from '../dns/start.ts'
import { dependencyFolders } from '../integrity/dependency-folders.ts'
import { Integrity } from '../integrity/integrity.ts'
import { KeptSteps } from '../kept-steps.ts'
import { Lockdown } from '../lockdown.ts'
import { knowsProcesses, Namespaces } from '../namespaces.ts'
import { NetworkWatch } from '../network/network-watch.ts'
import { Narrator, type NarratorParts } from '../narrator.ts'
import { ProgramWatch } from '../program-hashes/program-watch.ts'
import { ProcessTable } from '../process-table.ts'
import { SecretWatch } from '../secrets/secret-watch.ts'
import { kernelRule, Steps, type WorkerRule } from '../steps.ts'
import type { Enforcement } from './enforcement.ts'
import { loadFindings } from './findings.ts'
import type { RunHealth } from './health.ts'
import type { WatchPlace, WatchSettings } from './settings.ts'

/** What a scope's processes do, from the kernel and the DNS thread to events and what is found in them. */
export class Recording {
  readonly processes = new ProcessTable(undefined, undefined, (text) => this.health.gap(text))
  readonly names = new AnsweredNames((gap) => this.health.gap(gap))
  /** The sensor that is to be, whose maps are there. */
  openSensor!: OpenSensor
  sensor!: Sensor
  dns!: DnsProxy
  steps!: Steps
  /** undefined: nothing was in the scope before. */
  keptSteps: KeptSteps | undefined
  narrator!: Narrator
  namespaces: Namespaces | undefined
  network!: NetworkWatch
  secrets!: SecretWatch
  integrity!: Integrity
  programs!: ProgramWatch
  /** Records that were handed over so far. */
  handled = 0
  /** Records are being handed over: their rings are not emptied in the middle of it. */
  private taking = false
  /** The end of a process in the scope was told before it was armed. */
  private sighted = false
  private unfit = 0
  private readonly settings: WatchSettings
  private readonly place: WatchPlace
  private readonly health: RunHealth
  private readonly enforcement: () => Enforcement
  private readonly worker: WorkerRule
  private sensorOptions!: SensorOptions
  private detections!: NarratorParts['detections']
  private readonly closers: (() => unknown)[] = []

  /** @param enforcement of the same scope, which starts when this has */
  constructor(
    settings: WatchSettings,
    place: WatchPlace,
    health: RunHealth,
    enforcement: () => Enforcement,
  ) {
    this.settings = settings
    this.worker = settings.worker ?? { from: 'command' }
    this.place = place
    this.health = health
    this.enforcement = enforcement
  }

  /**
   * Starts what takes its time by itself: the threads, and the kernel, which verifies the sensor's programs. What has
   * started when it throws is ended by close().
   */
  async open(resolvers: readonly string[]): Promise<void> {
    const dns = this.startDns(resolvers)
    if (knowsProcesses()) this.serveNamespaces()
    if (!this.place.scope.isNew) {
      const kept = new KeptSteps(this.place)
      this.keptSteps = kept
      this.closers.push(() => kept.close())
    }
    this.sensorOptions = this.sensorOptionsFor(this.worker)
    this.openSensor = openSensor(this.sensorOptions)
    this.closers.push(() => this.openSensor.close())
    this.detections = await this.startDetections()
    this.dns = await dns
  }

  /** From here on acts are told. What has started when it throws is ended by close(). */
  start(): void {
    this.sensor = startSensor(this.sensorOptions, this.openSensor)
    this.closers.push(() => this.sensor.close())
    this.keptSteps?.keep(this.sensor)
    this.programs = this.watchPrograms()
    this.narrator = this.openNarrator(this.worker, this.detections)
    this.watchNetwork()
    this.watchSecrets()
  }

  private startDns(resolvers: readonly string[]): Promise<DnsProxy> {
    const starting = startDnsProxy({
      policy: this.settings.compiled,
      resolvers,
      onQueries: (queries) => {
        // All answers first: telling of one brings what the sensor has, and with it connections that another one led to.
        for (const { name, addresses } of queries) this.names.answered(name, addresses)
        this.health.telling(() => this.narrator.connections.asked(queries))
      },
      onFailure: (error) => {
        this.health.interrupted = true
        this.health.gap(error.message)
        this.enforcement().nameless(error.message)
      },
      onFault: (text) =>
        this.health.gap(`a name was not answered, by a fault of the DNS proxy: ${text}`),
      onLost: () => this.names.lack('more names were asked at once than could be told'),
    })
    // Also when what follows fails before the thread has started.
    this.closers.push(() =>
      starting.then(
        (dns) => dns.close(),
        () => {},
      ),
    )
    return starting
  }

  private serveNamespaces(): void {
    const namespaces = new Namespaces({
      dns: () => this.dns,
      served: () => this.sensor.servedNetns,
      processes: () => this.place.scope.processes(),
      follow: (namespace) => this.network.follow(namespace, ' in another network namespace'),
      gap: (text) => this.health.gap(text),
    })
    this.namespaces = namespaces
    this.closers.push(() => namespaces.close())
  }

  private async startDetections(): Promise<NarratorParts['detections']> {
    const { processes, health } = this
    const { compiled, workspace, stream, say } = this.settings
    const gap = (text: string): void => health.gap(text)
    const integrity = new Integrity({
      workspace: realpathSync(workspace),
      processes,
      emit: (changed) => health.telling(() => this.narrator.changed(changed)),
      gap,
    })
    this.integrity = integrity
    this.closers.push(() => integrity.close())
    if (compiled.filesUnwatched === null) integrity.begin()
    const lockdown = new Lockdown({
      ids: () => this.narrator.compiled.lockdown,
      end: () => this.enforcement().endJob(),
      emit: (finding) => stream.emit(finding),
      say,
    })
    stream.addSink((event) => lockdown.see(event))
    return loadFindings(
      this.settings,
      {
        processes,
        gap,
        writerOf: (event) => integrity.see(event),
        waits: (event, find) =>
          integrity.startupFiles.takes(event, (notable) =>
            health.telling(() => find(notable).forEach((finding) => stream.emit(finding))),
          ),
      },
      this.enforcement,
    )
  }

  private sensorOptionsFor(worker: WorkerRule): SensorOptions {
    const {
      compiled,
      workspace,
      agentCgroup,
      withoutEngines = false,
      governing = [],
      own = [],
    } = this.settings
    const { namespaces } = this
    const places = [...written(governing, 'policy'), ...written(own, 'action')]
    return {
      scopeCgroup: this.place.scope.path,
      fresh: this.place.scope.isNew,
      handedOver: this.place.adopted,
      ...(this.keptSteps ? { stepMaps: this.keptSteps.maps } : {}),
      agentCgroup,
      workspace: compiled.filesUnwatched === null ? workspace : null,
      alsoWatched: dependencyFolders(realpathSync(workspace)),
      sensitive: [...places, ...sensitivePlaces],
      endLeavers: compiled.egress === 'block',
      endEngineCallers: withoutEngines,
      worker: kernelRule(worker),
      ...(namespaces ? { onAwaiting: (pid) => namespaces.serve(pid) } : {}),
      onRecords: (records) => this.take(records),
    }
  }

  /**
   * Shows that the sensor sees who is in the scope: call it when a process has been there and ended, before it is armed.
   * @throws AgentError when nothing of it was told
   */
  requireSight(): void {
    this.sensor.drain()
    const ends = this.sensor.hooks.find(({ name }) => name === 'tp_btf/sched_process_exit')
    if (this.sighted || ends?.state !== 'active') return
    throw new AgentError(
      'SENSOR_BLIND',
      'self-check: a process ran in the scope, and nothing of it was told',
      'report this with the output of `runwarden doctor`',
    )
  }

  /**
   * Takes what waits in the sensor's rings.
   * @returns whether it was: not while records are being handed over
   */
  catchUp(): boolean {
    if (this.taking) return false
    this.sensor.drain()
    return true
  }

  private take(records: readonly SensorRecord[]): void {
    const outer = this.taking
    this.taking = true
    this.handled += records.length
    try {
      for (const record of records) {
        if (record.kind === 'connect' && this.enforcement().enforcer.sighted(record)) continue
        this.namespaces?.see(record)
        if (this.health.armed) this.tell(record)
        else if (record.kind === 'exit') this.sighted = true
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

  private openNarrator(worker: WorkerRule, detections: NarratorParts['detections']): Narrator {
    const { compiled, step, stream } = this.settings
    const { processes, health } = this
    this.steps = new Steps({
      rule: worker,
      handedOver: this.place.adopted,
      known: (execId) => this.sensor.knowWorker(execId),
      fallback: step,
      gap: (text) => health.gap(text),
    })
    return new Narrator({
      stream,
      step,
      steps: this.steps,
      compiled,
      processes,
      names: this.names,
      detections,
      learnedName: (id) => this.enforcement().enforcer.name(id),
      drainDns: () => this.dns.drain(),
      drainSensor: () => this.catchUp(),
      telling: (tell) => health.telling(tell),
      later: (tell) => setImmediate(() => health.telling(tell)),
      onReadByAction: (record) => this.secrets.opened(record),
      onReadMeanwhile: (record) => this.integrity.readMeanwhile(record),
      onExec: ({ time }) => health.started(time),
      onProgram: (record) => this.programs.started(record),
    })
  }

  private watchPrograms(): ProgramWatch {
    const { health, processes } = this
    return new ProgramWatch({
      processes,
      drainSensor: () => this.catchUp(),
      emitAt: (at, body) => health.telling(() => this.narrator.held(at, body)),
      gap: (text) => health.missing(text),
    })
  }

  private watchNetwork(): void {
    const { health, processes } = this
    const network = new NetworkWatch({
      processes,
      drainSensor: () => this.sensor.drain(),
      emit: (change) => health.telling(() => this.narrator.network(change)),
      gap: (text) => health.gap(text),
    })
    this.network = network
    this.closers.push(() => network.close())
    network.follow('/proc/self/ns/net')
  }

  private watchSecrets(): void {
    const { agentCgroup, outputs = [], secrets: known = [], stream } = this.settings
    const { health } = this
    const secrets = new SecretWatch({
      scopeCgroup: this.place.scope.path,
      agentCgroup,
      calls: this.sensor.calls,
      outputs,
      known,
      armed: () => health.armed,
      drainSensor: () => this.sensor.drain(),
      stepOf: (chunk) => this.narrator.stepOfLog(chunk),
      drainContent: () => this.enforcement().tls.drain(),
      emit: (body) => health.telling(() => this.narrator.found(body)),
      emitAt: (at, body) => health.telling(() => this.narrator.foundInFile(at, body)),
      gap: (text) => health.missing(text),
    })
    this.secrets = secrets
    stream.addSink((event) => secrets.see(event))
    this.closers.push(() => secrets.close())
  }

  /** The kernel knows so many processes at most; those beyond get nothing from narrowed lines. */
  tellUnfit(): void {
    const unfit = this.sensor.unfit()
    if (unfit > this.unfit)
      this.health.gap(
        `${unfit - this.unfit} processes were too many to be known by lines of the policy that are narrowed to programs or steps: these lines allow them nothing`,
      )
    this.unfit = unfit
  }

  /** Ends it; what has not been told by now is lost. */
  async close(): Promise<void> {
    for (const close of this.closers.toReversed()) await close()
  }
}

/** Places whose files' changes are told, by a class. */
function written(places: readonly string[], name: string): SensitivePlace[] {
  return places.map((place) => ({ place, class: name, on: 'write' }))
}
