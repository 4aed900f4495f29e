import { readlinkSync } from 'node:fs'
import type { CompiledPolicy } from '@runwarden/policy'
import type { ConnectFields } from '@runwarden/sensor/connect'
import {
  bootClock,
  type ContainedRecord,
  execId,
  type ExecRecord,
  type FileRecord,
  type LogChunk,
  readEnvironment,
  type RunningRecord,
  type SensorRecord,
  type StepRecord,
} from '@runwarden/sensor'
import type { AnsweredNames } from './answered-names.ts'
import { containerFacts, containerText } from './container-facts.ts'
import type { Detections } from './detections.ts'
import type { DnsQueryRecord } from './dns/contract.ts'
import type { CountedAttempts } from './enforce/attempts.ts'
import type { Flow } from './enforce/flows.ts'
import { putBy } from './engine-calls.ts'
import type { EventBody, EventStream, ForkSink } from './event-stream.ts'
import { ContentTeller } from './https/tell.ts'
import type { NetworkChange } from './network/network-watch.ts'
import type { ProcessTable } from './process-table.ts'
import type { Steps } from './steps.ts'
import { whyNotMeant } from './programs.ts'
import { addressText, explainDecision, protocolWord } from './wording.ts'

export interface NarratorParts {
  stream: EventStream
  /** Of what is in no step of a workflow. */
  step: string
  steps: Steps
  compiled: CompiledPolicy
  processes: ProcessTable
  names: AnsweredNames
  detections: Pick<Detections, 'see'>
  /** A learned name by the kernel's id of it. */
  learnedName: (id: number) => string | null
  /** Takes what the DNS thread has told so far. */
  drainDns: () => void
  /** Takes what is in the rings: a process's fork may wait there while its acts are told. */
  /** @returns whether it was: not while records are being handed over */
  drainSensor: () => boolean
  /** Has something told as soon as nothing is being handed over. */
  later: (tell: () => void) => void
  onExec: (record: ExecRecord) => void
  onFork: ForkSink
  /** The program of an action has opened a file for reading. */
  onReadByAction: (record: FileRecord) => void
  /** A file of the workspace was opened for reading while it was open for writing. */
  onReadMeanwhile: (record: FileRecord) => void
}

/** What a connect record and a count of attempts have in common. */
type Attempt = Omit<ConnectFields, 'cookie' | 'socketType'> & {
  time: number
  tgid: number
  execId: string
}

type SecretBody = Omit<Extract<EventBody, { kind: 'secret.found' }>, 'time' | 'execId' | 'step'>

/** What every event says. */
interface EventHead {
  time: number
  execId: string | null
  step: string | null
  phase?: 'pre' | 'post'
}

/** Ends of flows whose name is remembered: beyond, the longest known are forgotten. */
const hostsKept = 8192

function endOf(
  { tgid, port, protocol }: { tgid: number; port: number; protocol: number },
  address: string,
): string {
  return `${tgid} ${address} ${port} ${protocol}`
}

/** The name that a refused connection asked for, where that is why it was refused. */
function saidName({ reason, said }: Attempt): string | null {
  return reason === 'server-name' || reason === 'block-list' ? (said?.name ?? null) : null
}

/** The program that a process runs now; empty when it has ended. */
function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return ''
  }
}

/** Turns what the kernel side and the DNS thread tell into the run's events. */
export class Narrator {
  /** The policy whose lines are named. */
  compiled: CompiledPolicy
  /** What TLS libraries sent and received is read there. */
  readonly https = new ContentTeller(
    (at, body) => {
      this.know(at.execId)
      return this.tell({ ...this.head(at), ...body })
    },
    () => this.compiled,
    () => this.parts.drainSensor(),
  )
  private readonly parts: NarratorParts
  /** The name at the time of the last attempt, by process and destination; null: none led there. */
  private readonly hosts = new Map<string, string | null>()

  constructor(parts: NarratorParts) {
    this.parts = parts
    this.compiled = parts.compiled
  }

  record(record: SensorRecord): void {
    switch (record.kind) {
      case 'exec':
        return this.exec(record)
      case 'fork':
        this.parts.processes.fork(
          record.childExecId,
          record.childTgid,
          record.execId,
          record.uid,
          this.parts.steps.nameOf(record.step),
        )
        this.parts.steps.enter(record.childExecId, record.step)
        this.parts.onFork(record.childExecId, record.execId)
        return
      case 'worker':
        this.parts.steps.worker(record)
        return
      case 'step':
        return this.begin(record)
      case 'running':
        return this.adopt(record)
      case 'contained':
        this.contain(record)
        return
      case 'asked':
        this.parts.steps.asksEngine(
          record.asker === null ? null : { step: this.stepOf(record.asker) },
          record.path,
        )
        return
      case 'exit':
        this.parts.processes.exit(record.execId, this.head(record).time)
        this.parts.steps.exit(record.execId)
        this.https.exited(record.execId)
        this.tell({
          ...this.head(record),
          kind: 'process.exit',
          pid: record.tgid,
          code: record.code,
          signal: record.signal,
        })
        return
      case 'file':
        return this.file(record)
      case 'sandbox': {
        const { change, detail, truth, errno, targetPid } = record
        if (change === 'engine')
          this.parts.steps.callsEngine(record.execId, this.stepOf(record.execId))
        const what = { ...this.head(record), kind: 'sandbox.change' as const, change, truth, errno }
        const container = record.container && containerFacts(record.container, record.tgid)
        this.tell({
          ...what,
          detail: container === undefined ? detail : containerText(container),
          targetPid,
          ...(container === undefined ? {} : { container }),
        })
        return
      }
      case 'connect':
        return this.attempt(record)
    }
  }

  /** What was found out about a file, later than the act. */
  changed(body: Extract<EventBody, { kind: 'file.changed' }>): void {
    this.tell(body)
  }

  /** Attempts alike that were counted instead of told. */
  counted(attempts: readonly CountedAttempts[]): void {
    for (const attempt of attempts) {
      this.attempt({
        ...attempt,
        said: null,
        time: Number(attempt.time),
        execId: execId(attempt.tgid, attempt.start),
      })
    }
  }

  flow(flow: Flow): void {
    const address = addressText(flow.address)
    const id = flow.tgid === 0 ? null : execId(flow.tgid, flow.start)
    const host = this.parts.learnedName(flow.name) ?? this.hostOf(flow, address)
    const protocol = protocolWord(flow.protocol)
    const { verdict, port, bytes: bytesOut, packets: packetsOut } = flow
    const time = Number(flow.last)
    this.tell({
      kind: 'net.flow',
      ...this.head({ time, execId: id }),
      verdict,
      ...explainDecision(this.compiled, flow),
      host,
      address,
      port,
      protocol,
      bytesOut,
      packetsOut,
    })
    if (id === null) return
    const { sockets, tls } = flow
    const names = this.parts.names.namesOf(address)
    this.https.flow({
      execId: id,
      host,
      names,
      address,
      port,
      protocol,
      verdict,
      sockets,
      tls,
      time,
    })
  }

  query(query: DnsQueryRecord): void {
    const { process } = query
    const id = process === null ? null : execId(process.tgid, process.start)
    // Names are asked for while records are handed over; who asked may be in one of those that follow.
    if (id !== null && !this.know(id))
      this.parts.later(() => {
        this.know(id)
        this.tellQuery(query, id)
      })
    else this.tellQuery(query, id)
  }

  private tellQuery(query: DnsQueryRecord, id: string | null): void {
    const {
      name,
      type,
      server,
      serverPort,
      protocol,
      verdict,
      reason,
      rule,
      rcode,
      addresses,
      cnames,
    } = query
    this.tell({
      kind: 'dns.query',
      ...this.who(id),
      time: query.time,
      execId: id,
      name,
      type,
      server,
      serverPort,
      protocol,
      verdict,
      reason: verdict === 'allowed' ? reason : reason + this.whyNotMeant(rule, id),
      rule,
      rcode,
      addresses,
      cnames,
    })
  }

  /** The step that wrote to a log; undefined: it is none. */
  stepOfLog({ execId: id, page, time }: LogChunk): string | null | undefined {
    this.know(id)
    const at = this.parts.steps.at(id, time)
    // A worker's pages are its log; what it says beside has been in them.
    return page ? at : at === undefined ? this.stepOf(id) : undefined
  }

  /** The network was changed. */
  network(change: NetworkChange): void {
    const { time, execId: id } = change
    const where = { ...this.who(id), time, execId: id }
    this.tell({
      ...change,
      ...where,
      kind: 'sandbox.change',
      truth: 'kernel',
      errno: 0,
      targetPid: null,
    })
  }

  /** A secret was found in a log. */
  found(body: EventBody): void {
    this.tell(body)
  }

  /** A secret was found in a file that a process opened at a time (CLOCK_BOOTTIME ns). */
  foundInFile(at: { time: number; execId: string }, body: SecretBody): void {
    this.tell({ ...this.head(at), ...body })
  }

  private exec(record: ExecRecord): void {
    const {
      parentTgid,
      parentExecId,
      exe,
      argv,
      argvTruncated,
      cwd,
      inode,
      device,
      memfd,
      deleted,
      uid,
      tgid,
      stdio,
    } = record
    this.parts.steps.enter(record.execId, record.step)
    const step = this.parts.steps.nameOf(record.step)
    this.parts.processes.exec(record.execId, tgid, parentExecId, uid, exe, step)
    const since = bootClock.toEpoch(record.time)
    this.parts.processes.describe(record.execId, { argv, cwd, since, pipes: record.pipes })
    this.parts.onExec(record)
    this.tell({
      ...this.head(record),
      kind: 'process.exec',
      pid: tgid,
      parentExecId,
      parentPid: parentTgid,
      uid,
      exe,
      argv,
      argvTruncated,
      cwd,
      inode,
      device,
      memfd,
      deleted,
      stdio,
    })
  }

  private file(record: FileRecord): void {
    const { action, path, to, link, truth, workspace, sensitive, errno } = record
    if (record.byAction) this.parts.onReadByAction(record)
    if (record.beingWritten) this.parts.onReadMeanwhile(record)
    if (action === 'read' && sensitive === null) return
    const what = { ...this.head(record), path, truth, workspace, sensitive, errno }
    if (action === 'rename')
      this.tell({ ...what, kind: 'file.rename', to: to ?? '', link: link ?? 'rename' })
    else this.tell({ ...what, kind: `file.${action}` })
  }

  private explain(
    attempt: Attempt,
    opener: string | null,
    id: string | null,
  ): ReturnType<typeof explainDecision> {
    const explained = explainDecision(this.compiled, attempt, opener)
    if (attempt.verdict !== 'blocked' && attempt.verdict !== 'would-block') return explained
    return { ...explained, reason: explained.reason + this.whyNotMeant(attempt.rule, id) }
  }

  private whyNotMeant(rule: number | string | null, id: string | null): string {
    if (rule === null || id === null) return ''
    const exe = this.parts.processes.get(id)?.exe
    return whyNotMeant(this.compiled, rule, { exe, step: this.stepOf(id) })
  }

  private attempt(attempt: Attempt): void {
    const address = addressText(attempt.address)
    const known = attempt.execId.startsWith('0-') ? null : attempt.execId
    if (known !== null) this.know(known)
    const opener = this.parts.learnedName(attempt.name)
    let host = saidName(attempt) ?? opener
    if (host === null && address !== '') {
      // An answer is told before it is sent: the name that led here is there by now, if there is one.
      this.parts.drainDns()
      host = this.parts.names.nameOf(address)
    }
    this.keepHost(attempt, address, host)
    const passed = attempt.verdict === 'allowed' || attempt.verdict === 'would-block'
    if (known !== null && passed && protocolWord(attempt.protocol) === 'tcp')
      this.https.connects(known, host, address, attempt.port)
    this.tell({
      kind: 'net.connect',
      ...this.head({ time: attempt.time, execId: known }),
      verdict: attempt.verdict,
      ...this.explain(attempt, opener, known),
      host,
      address,
      port: attempt.port,
      protocol: protocolWord(attempt.protocol),
      via: attempt.via,
      count: attempt.count,
    })
  }

  /** The name that led to a flow is that of its beginning: others may have led to the address since. */
  private hostOf(flow: Flow, address: string): string | null {
    const known = this.hosts.get(endOf(flow, address))
    return known === undefined ? this.parts.names.nameOf(address) : known
  }

  private keepHost(attempt: Attempt, address: string, host: string | null): void {
    const end = endOf(attempt, address)
    this.hosts.delete(end)
    this.hosts.set(end, host)
    if (this.hosts.size <= hostsKept) return
    const oldest = this.hosts.keys().next()
    if (oldest.done !== true) this.hosts.delete(oldest.value)
  }

  /**
   * A process that acts before its fork was told: the fork waits in the other ring.
   * @returns false: it does, and cannot be taken now
   */
  private know(id: string): boolean {
    return this.parts.processes.get(id) !== undefined || this.parts.drainSensor()
  }

  private begin(record: StepRecord): void {
    const begun = this.parts.steps.begin(record)
    this.parts.steps.enter(record.execId, record.step)
    this.parts.processes.enterStep(record.execId, this.parts.steps.nameOf(record.step))
    if (begun === undefined) return
    this.tell({ ...begun, time: bootClock.toEpoch(record.time) })
  }

  private contain({ execId: id, step }: ContainedRecord): void {
    const { steps, processes } = this.parts
    steps.contained(
      step,
      putBy(id, (one) => processes.get(one)),
    )
    processes.enterStep(id, steps.nameOf(step))
  }

  private adopt(record: RunningRecord): void {
    const { execId: id, tgid, parentExecId, uid, step, rootTgid } = record
    this.parts.steps.running(record, readEnvironment(rootTgid))
    const exe = programOf(tgid)
    this.parts.processes.exec(id, tgid, parentExecId, uid, exe, this.parts.steps.nameOf(step))
  }

  private head(record: { time: number; execId: string }): EventHead & { execId: string }
  private head(record: { time: number; execId: string | null }): EventHead
  private head({ time, execId: id }: { time: number; execId: string | null }): EventHead {
    return { time: bootClock.toEpoch(time), execId: id, ...this.who(id) }
  }

  /** The step of a process, and its stage. */
  private who(id: string | null): Pick<EventHead, 'step' | 'phase'> {
    const phase = this.parts.steps.phaseOf(id)
    return { step: this.stepOf(id), ...(phase === undefined ? {} : { phase }) }
  }

  /** Where there are steps, the one of a process that nothing is known of is not known either. */
  private stepOf(id: string | null): string | null {
    const { processes, steps, step } = this.parts
    const known = id === null ? undefined : processes.get(id)
    return known?.step ?? (steps.known ? null : step)
  }

  /** @returns the event's `seq` */
  private tell(body: EventBody): number {
    const event = this.parts.stream.emit(body)
    for (const finding of this.parts.detections.see(event)) this.parts.stream.emit(finding)
    return event.seq
  }
}
