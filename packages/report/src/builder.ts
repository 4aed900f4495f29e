import type {
  Destination,
  Event,
  EventOf,
  Report,
  ReportChange,
  ReportDetection,
  ReportDns,
  ReportFile,
  ReportProcess,
  ReportSandbox,
  ReportSuppressed,
  RunFacts,
} from '@runwarden/events'
import { roomOf } from '@runwarden/events/tampering'
import { isLoopbackText } from '@runwarden/policy/address'
import { endpointOf } from './address.ts'
import { inWords } from './evidence.ts'
import { Fold } from './fold/fold.ts'
import { ProcessTable } from './fold/processes.ts'
import { Programs } from './fold/programs.ts'
import { Requests } from './fold/requests.ts'
import { Seen } from './fold/seen.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { changeOf, byState } from './fold/changes.ts'
import { byWeight } from './order.ts'
import { recommendedPolicy } from './recommended.ts'

const ACTS_OF_DETECTION = 16

/** Connections whose end is told with what they said. */
const saidAtMost = 10_000

/**
 * Folds the events of one run into its report, event by event, in bounded memory; an event costs
 * about a microsecond and is not kept. What the bounds left out is counted in `truncated`.
 */
export class ReportBuilder {
  readonly #limits: Limits
  readonly #processes: ProcessTable
  readonly #destinations: Fold<Destination>
  /** Under which key of destinations a connection is whose bytes were decided, by its process and place. */
  readonly #said = new Map<string, string>()
  readonly #dns: Fold<ReportDns>
  readonly #requests: Requests
  readonly #files: Fold<ReportFile>
  readonly #changes: Fold<ReportChange>
  readonly #programs: Programs
  readonly #sandbox: Fold<ReportSandbox>
  readonly #detections: Fold<ReportDetection>
  readonly #suppressed: Fold<ReportSuppressed>
  /** Processes left out of single entries. */
  readonly #processesLeft = new Seen()
  readonly #steps = new Set<string>()
  /** The actions that steps use, by step. */
  readonly #stepNames = new Map<string, string>()
  readonly #stages = new Map<string, Set<string>>()
  readonly #byKind = new Map<string, number>()
  readonly #byVerdict = new Map<string, number>()
  /** The last events by `seq` modulo its length, for the evidence of detections. */
  readonly #recent: (Event | undefined)[]
  /** Entries whose program is not known yet. */
  readonly #toName: { process: ReportProcess | ReportFile | ReportChange; time: number }[] = []
  #events = 0

  constructor(options: { limits?: Partial<Limits> } = {}) {
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#processes = new ProcessTable(this.#limits)
    this.#destinations = new Fold(this.#limits.destinations)
    this.#dns = new Fold(this.#limits.dns)
    this.#requests = new Requests(this.#limits)
    this.#files = new Fold(this.#limits.files)
    this.#changes = new Fold(this.#limits.changes)
    this.#programs = new Programs(this.#limits.programs, (text) => this.#text(text))
    this.#sandbox = new Fold(this.#limits.sandbox)
    this.#detections = new Fold(this.#limits.detections)
    this.#suppressed = new Fold(this.#limits.detections)
    this.#recent = Array.from({ length: Math.max(1, this.#limits.recentEvents) })
  }

  /** Takes the run's events in their order. */
  add(event: Event): void {
    this.#events += 1
    this.#byKind.set(event.kind, (this.#byKind.get(event.kind) ?? 0) + 1)
    this.#recent[event.seq % this.#recent.length] = event
    if (event.step !== null && this.#steps.size < 1_000) this.#steps.add(event.step)
    if (event.execId !== null && event.forkOf !== undefined)
      this.#processes.fork(event.execId, event.forkOf)
    switch (event.kind) {
      case 'process.exec':
        return this.#programs.started(event, this.#processes.exec(event))
      case 'process.program':
        return this.#programs.held(event)
      case 'process.exit':
        return this.#processes.exit(event)
      case 'net.connect':
      case 'net.flow':
        return this.#network(event)
      case 'dns.query':
        return this.#query(event)
      case 'http.request':
        return this.#request(event)
      case 'http.response':
        return this.#requests.response(event)
      case 'http.opaque':
        return this.#unread(event)
      case 'file.write':
      case 'file.create':
      case 'file.delete':
      case 'file.read':
      case 'file.rename':
        return this.#file(event)
      case 'file.changed':
        return this.#changed(event)
      case 'sandbox.change':
        return this.#change(event)
      case 'detection':
        return this.#detection(event)
      case 'step.start':
        this.#requests.step(event)
        if (event.step !== null && event.action !== null)
          this.#stepNames.set(event.step, event.action)
        if (event.step !== null && event.stage) this.#stage(event.step, event.stage)
        return
      case 'secret.found':
      case 'agent.health':
        return
    }
  }

  #stage(step: string, stage: string): void {
    const stages = this.#stages.get(step) ?? new Set()
    if (this.#stages.size < 1_000) this.#stages.set(step, stages.add(stage))
  }

  #stepOf(id: string): Report['steps'][number] {
    const stages = this.#stages.get(id)
    const known = { id, name: this.#stepNames.get(id) ?? id }
    return stages === undefined ? known : { ...known, stages: [...stages] }
  }

  /** The report of what was added so far. */
  build(facts: RunFacts): Report {
    this.#nameLate()
    for (const { execId } of facts.leftOver) if (execId !== null) this.#processes.note(execId)
    const destinations = this.#destinations.values()
    for (const destination of destinations) destination.count = Math.max(1, destination.count)
    destinations.sort(byWeight)
    const dns = this.#dns.values().sort(byWeight)
    const http = this.#requests.http.values().sort(byWeight)
    const suppressed = this.#suppressed.values()
    const changes = this.#changes.values().sort(byState)
    const processes = this.#processes.nodes()
    this.#programs.sayOn(processes)
    const programs = this.#programs.values()
    const steps = new Set([facts.step, ...this.#steps])
    return {
      ...facts,
      schema: 1,
      destinations,
      dns,
      http,
      opaque: this.#requests.opaque.values().sort((a, b) => b.connections - a.connections),
      files: this.#files.values(),
      ...(changes.length > 0 ? { changes } : {}),
      processes,
      ...(programs.length > 0 ? { programs } : {}),
      sandbox: this.#sandbox.values(),
      detections: this.#detections.values(),
      ...(suppressed.length > 0 ? { suppressed } : {}),
      steps: [...steps].map((id) => this.#stepOf(id)),
      recommendedPolicy: recommendedPolicy(destinations, dns, http, facts),
      ...this.#requests.tokenNeeds(facts.github, (id) => this.#processes.at(id, facts.endTime).exe),
      truncated: this.#truncated(),
      counts: {
        events: this.#events,
        processes: this.#processes.total,
        byKind: Object.fromEntries(this.#byKind),
        byVerdict: Object.fromEntries(this.#byVerdict),
      },
    }
  }

  #truncated(): Record<string, number> {
    const left = {
      destinations: this.#destinations.left,
      dns: this.#dns.left,
      http: this.#requests.http.left,
      opaque: this.#requests.opaque.left,
      files: this.#files.left,
      changes: this.#changes.left,
      programs: this.#programs.left,
      processes: this.#processes.left,
      sandbox: this.#sandbox.left,
      detections: this.#detections.left,
      suppressed: this.#suppressed.left,
      'destinations.processes': this.#processesLeft.count,
    }
    return Object.fromEntries(Object.entries(left).filter(([, count]) => count > 0))
  }

  #network(event: EventOf<'net.connect'> | EventOf<'net.flow'>): void {
    const { verdict, protocol, port } = event
    const attempts = event.kind === 'net.connect' ? event.count : 0
    const local = isLoopbackText(event.address) && verdict === 'allowed'
    if (!local) this.#verdict(verdict, attempts)
    const host = event.host === null ? null : this.#text(event.host).toLowerCase()
    const own = `${verdict} ${protocol} ${port} ${host ?? event.address}`
    // What was refused for the name that it said: its end is told under the name that led to the address.
    const said = `${verdict} ${event.execId} ${protocol} ${port} ${event.address}`
    if (event.kind === 'net.connect' && event.via === 'packet' && this.#said.size < saidAtMost)
      this.#said.set(said, own)
    const key = event.kind === 'net.flow' ? (this.#said.get(said) ?? own) : own
    const entry = this.#destinations.entry(key, local ? 'local' : verdict, () => ({
      host,
      address: event.address,
      port,
      protocol,
      verdict,
      reason: this.#text(event.reason),
      rule: event.rule === null ? null : this.#text(event.rule),
      count: 0,
      bytesOut: 0,
      processes: [],
      firstSeq: event.seq,
      addresses: [],
      local,
      endpoint: endpointOf({ ...event, host }),
    }))
    if (entry === undefined) return
    entry.count += attempts
    if (event.kind === 'net.flow') entry.bytesOut += event.bytesOut
    this.#addresses(entry.addresses, [event.address])
    this.#by(entry.processes, event, key)
  }

  #query(event: EventOf<'dns.query'>): void {
    this.#verdict(event.verdict, 1)
    const name = this.#text(event.name).toLowerCase()
    const key = `${event.verdict} ${event.type} ${event.server} ${name}`
    const entry = this.#dns.entry(key, event.verdict, () => ({
      name,
      type: event.type,
      verdict: event.verdict,
      reason: this.#text(event.reason),
      server: event.server,
      rcode: event.rcode,
      addresses: [],
      count: 0,
      processes: [],
    }))
    if (entry === undefined) return
    entry.count += 1
    entry.rcode = event.rcode ?? entry.rcode
    this.#addresses(entry.addresses, event.addresses)
    this.#by(entry.processes, event, `dns ${key}`)
  }

  #request(event: EventOf<'http.request'>): void {
    this.#verdict(event.verdict, 1)
    const entry = this.#requests.request(event, (text) => this.#text(text))
    if (entry !== undefined)
      this.#by(entry.processes, event, `http ${event.method} ${event.host} ${event.path}`)
  }

  #unread(event: EventOf<'http.opaque'>): void {
    const exe = event.execId === null ? '' : this.#processes.at(event.execId, event.time).exe
    const entry = this.#requests.unread(event, exe)
    if (entry !== undefined) this.#by(entry.processes, event, `opaque ${exe} ${event.host}`)
  }

  #file(
    event:
      | EventOf<'file.write'>
      | EventOf<'file.create'>
      | EventOf<'file.delete'>
      | EventOf<'file.read'>
      | EventOf<'file.rename'>,
  ): void {
    const to = event.kind === 'file.rename' ? event.to : null
    const key = [event.kind, event.execId, event.errno, event.path, to].join('\0')
    const room = event.sensitive === null ? 'file' : 'sensitive'
    const entry = this.#files.entry(key, room, () => {
      const { execId } = event
      if (event.sensitive !== null && execId !== null) this.#processes.note(execId)
      const made: ReportFile = {
        path: this.#text(event.path),
        action: action[event.kind],
        execId,
        exe: execId === null ? '' : this.#processes.at(execId, event.time).exe,
        to: to === null ? null : this.#text(to),
        sensitive: event.sensitive === null ? null : this.#text(event.sensitive),
        workspace: event.workspace,
        errno: event.errno,
        count: 0,
      }
      if (made.exe === '' && execId !== null) this.#toName.push({ process: made, time: event.time })
      return made
    })
    if (entry !== undefined) entry.count += 1
  }

  #changed(event: EventOf<'file.changed'>): void {
    const { execId, state, time, writer } = event
    const exe = execId === null ? '' : this.#processes.at(execId, time).exe
    const key = [state, exe, event.path].join('\0')
    const entry = this.#changes.entry(key, state, () => {
      if (execId !== null) this.#processes.note(execId)
      return changeOf(event, exe, (text) => this.#text(text))
    })
    if (entry === undefined) return
    entry.count += 1
    entry.ways = [...event.ways]
    entry.before = event.content.before
    entry.after = event.content.after
    if (writer === null || exe !== '' || execId === null || entry.count > 1) return
    this.#toName.push({ process: entry, time })
  }

  #change(event: EventOf<'sandbox.change'>): void {
    const { change, execId, errno } = event
    const detail = this.#text(event.detail)
    const entry = this.#sandbox.entry([change, execId, errno, detail].join('\0'), 'sandbox', () => {
      if (execId !== null) this.#processes.note(execId)
      return { change, detail, execId, errno, count: 0 }
    })
    if (entry !== undefined) entry.count += 1
  }

  #detection(event: EventOf<'detection'>): void {
    if (event.suppressed !== undefined) {
      const { id, suppressed: by } = event
      const title = this.#text(event.title)
      const entry = this.#suppressed.entry([id, title, by].join('\0'), id, () => ({
        id,
        title,
        by: this.#text(by),
        count: 0,
      }))
      if (entry !== undefined) entry.count += 1
      return
    }
    this.#detections.entry(String(event.seq), roomOf(event), () => {
      if (event.execId !== null) this.#processes.note(event.execId)
      return {
        id: event.id,
        severity: event.severity,
        title: this.#text(event.title),
        text: this.#text(event.text),
        evidence: event.evidence,
        step: event.step,
        execId: event.execId,
        acts: this.#acts(event.evidence),
      }
    })
  }

  #acts(evidence: readonly number[]): ReportDetection['acts'] {
    const acts: ReportDetection['acts'] = []
    for (const seq of evidence.slice(0, ACTS_OF_DETECTION)) {
      const event = this.#recent[seq % this.#recent.length]
      if (event?.seq === seq) acts.push({ seq, time: event.time, text: inWords(event) })
    }
    return acts
  }

  /** Names the process behind an event in an entry of a list, unless it is there already. */
  #by(processes: ReportProcess[], event: Event, key: string): void {
    const { execId, step, time } = event
    if (execId === null) return
    const program = this.#processes.at(execId, time)
    const known = processes.some(
      (one) => one.execId === execId && (one.exe === program.exe || one.exe === ''),
    )
    if (known) return
    if (processes.length >= this.#limits.processesOfEntry) {
      this.#processesLeft.add(`${key} ${execId}`)
      return
    }
    this.#processes.note(execId)
    const process = { execId, step, ...program }
    processes.push(process)
    if (program.exe === '') this.#toName.push({ process, time })
  }

  /** What a process did may be told before its exec is: by now it has been. */
  #nameLate(): void {
    for (const { process, time } of this.#toName) {
      if (process.execId === null) continue
      const { exe, image } = this.#processes.at(process.execId, time)
      process.exe = exe
      if ('image' in process) process.image = image
      this.#processes.note(process.execId)
    }
  }

  #addresses(known: string[], more: readonly string[]): void {
    for (const address of more) {
      if (known.length >= this.#limits.addressesOfEntry) return
      if (address !== '' && !known.includes(address)) known.push(address)
    }
  }

  #verdict(verdict: string, count: number): void {
    if (count > 0) this.#byVerdict.set(verdict, (this.#byVerdict.get(verdict) ?? 0) + count)
  }

  #text(text: string): string {
    return text.length > this.#limits.text ? text.slice(0, this.#limits.text) : text
  }
}

const action = {
  'file.write': 'write',
  'file.create': 'create',
  'file.delete': 'delete',
  'file.read': 'read',
  'file.rename': 'rename',
} as const
