import { readlinkSync } from 'node:fs'
import type { Event } from '@runwarden/events'
import type { CompiledPolicy } from '@runwarden/policy'
import {
  bootClock,
  type ContainedRecord,
  type ExecRecord,
  type FileRecord,
  type LogChunk,
  readEnvironment,
  type RunningRecord,
  type SensorRecord,
  type StepRecord,
} from '@runwarden/sensor'
import {
  ConnectionTeller,
  type ConnectionParts,
  type EventHead,
  type Who,
} from './connection-teller.ts'
import { containerFacts, containerText } from './container-facts.ts'
import type { Detections } from './detections.ts'
import { putBy } from './engine-calls.ts'
import type { EventBody, EventStream } from './event-stream.ts'
import { ContentTeller } from './https/tell.ts'
import type { ProgramBody } from './program-hashes/program-watch.ts'
import { ShellCopies } from './program-hashes/shell-copies.ts'
import { isYoung } from './program-hashes/young.ts'
import type { NetworkChange } from './network/network-watch.ts'
import { withoutSecrets } from './secrets/scanner.ts'
import type { Steps } from './steps.ts'

export interface NarratorParts extends ConnectionParts {
  stream: EventStream
  /** Of what is in no step of a workflow. */
  step: string
  steps: Steps
  compiled: CompiledPolicy
  detections: Pick<Detections, 'see'>
  /** Takes what is in the rings: what a process has become may wait there while its acts are told. */
  /** @returns whether it was: not while records are being handed over */
  drainSensor: () => boolean
  onExec: (record: ExecRecord) => void
  /** The same, when it has been told. */
  onProgram: (record: ExecRecord) => void
  /** The program of an action has opened a file for reading. */
  onReadByAction: (record: FileRecord) => void
  /** A file of the workspace was opened for reading while it was open for writing. */
  onReadMeanwhile: (record: FileRecord) => void
}

type SecretBody = Omit<Extract<EventBody, { kind: 'secret.found' }>, 'time' | 'execId' | 'step'>

/** The program that a process runs now; empty when it has ended. */
function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return ''
  }
}

type Started = Event & { kind: 'process.exec' }

/** Starts that are judged again when it is known what their program held. */
const mostStarts = 256

/** Turns what the kernel side and the DNS thread tell into the run's events. */
export class Narrator {
  /** The policy whose lines are named. */
  compiled: CompiledPolicy
  /** What TLS libraries sent and received is read there. */
  readonly https = new ContentTeller(
    (at, body) => {
      const head = this.head(at)
      if (at.began !== undefined) Object.assign(head, at.began)
      return this.tellFindings(this.parts.stream.emitParts(head, body))
    },
    () => this.compiled,
    () => this.parts.drainSensor(),
  )
  /** What reaches for the network, and the names that led there. */
  readonly connections: ConnectionTeller
  private readonly parts: NarratorParts
  private readonly copies = new ShellCopies()
  /** The last ones, by their process. */
  private readonly starts = new Map<string, Started>()

  constructor(parts: NarratorParts) {
    this.parts = parts
    this.compiled = parts.compiled
    this.connections = new ConnectionTeller(parts, {
      compiled: () => this.compiled,
      https: this.https,
      know: (id) => this.know(id),
      stepOf: (id) => this.stepOf(id),
      who: (id) => this.who(id),
      head: (at) => this.head(at),
      tell: (body) => this.tell(body),
    })
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
          this.parts.steps.within(record.step),
        )
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
        return this.connections.attempt(record)
    }
  }

  /** What was found out about a file, later than the act. */
  changed(body: Extract<EventBody, { kind: 'file.changed' }>): void {
    this.tell(body)
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

  /** What a program held that a process became at a time (CLOCK_BOOTTIME ns). */
  held(at: { time: number; execId: string }, body: ProgramBody): void {
    this.tell({ ...this.head(at), ...body })
    const { device, inode, changed, path } = body
    const copyOf = this.copies.held(`${device}:${inode}:${changed}`, body)
    if (copyOf === undefined) return
    for (const start of this.starts.values()) {
      if (start.device !== device || start.inode !== inode || start.exe !== path) continue
      const isThis = changed === undefined ? start.execId === at.execId : start.changed === changed
      const process = this.parts.processes.get(start.execId ?? '')
      if (!isThis || process?.since !== start.time) continue
      process.copyOf = copyOf
      this.find(start)
    }
  }

  private exec(record: ExecRecord): void {
    const {
      parentTgid,
      parentExecId,
      exe,
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
    const now = Date.now()
    // Records are read by more people than may see a job's tokens, and leave the machine.
    const argv = record.argv.map((word) => withoutSecrets(word, now))
    const within = this.parts.steps.within(record.step)
    this.parts.processes.exec(record.execId, tgid, parentExecId, uid, exe, within)
    const since = bootClock.toEpoch(record.time)
    const made = bootClock.toEpoch(record.start)
    // Who serves a file says of it what he likes.
    const changed = record.served || isYoung(record) ? undefined : Number(record.changed) / 1e6
    const { ends } = record
    this.parts.processes.describe(record.execId, { argv, cwd, since, made, stdio, ends, changed })
    const copyOf = this.copies.of(`${device}:${inode}:${record.changed}`)
    if (copyOf !== undefined)
      Object.assign(this.parts.processes.get(record.execId) ?? {}, { copyOf })
    this.parts.onExec(record)
    const ancestor = this.parts.processes.withProgram(parentExecId)
    const start = this.parts.stream.emit({
      ...this.head(record),
      kind: 'process.exec',
      pid: tgid,
      parentExecId,
      ...(ancestor === parentExecId ? {} : { ancestorExecId: ancestor }),
      parentPid: parentTgid,
      uid,
      exe,
      argv,
      argvTruncated,
      cwd,
      inode,
      device,
      ...(isYoung(record) ? {} : { changed: record.changed }),
      memfd,
      deleted,
      stdio,
    })
    this.find(start)
    this.starts.delete(record.execId)
    this.starts.set(record.execId, start as Started)
    if (this.starts.size > mostStarts) this.starts.delete(this.starts.keys().next().value ?? '')
    this.parts.onProgram(record)
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

  /**
   * Takes what the kernel told before the act of a process that another way told: its fork, and the program that it became, wait
   * in the rings.
   * @returns false: they may, and cannot be taken now
   */
  private know(id: string): boolean {
    return this.parts.drainSensor() || this.parts.processes.get(id)?.since !== undefined
  }

  private begin(record: StepRecord): void {
    const begun = this.parts.steps.begin(record)
    this.parts.processes.enterStep(record.execId, this.parts.steps.within(record.step))
    if (begun === undefined) return
    this.tell({ ...begun, time: bootClock.toEpoch(record.time) })
  }

  private contain({ execId: id, step }: ContainedRecord): void {
    const { steps, processes } = this.parts
    steps.contained(
      step,
      putBy(id, (one) => processes.get(one)),
    )
    processes.enterStep(id, steps.within(step))
  }

  private adopt(record: RunningRecord): void {
    const { execId: id, tgid, parentExecId, uid, step, rootTgid } = record
    this.parts.steps.running(record, readEnvironment(rootTgid))
    const exe = programOf(tgid)
    this.parts.processes.exec(id, tgid, parentExecId, uid, exe, this.parts.steps.within(step))
  }

  private head(record: { time: number; execId: string }): EventHead & { execId: string }
  private head(record: { time: number; execId: string | null }): EventHead
  private head({ time, execId: id }: { time: number; execId: string | null }): EventHead {
    return { time: bootClock.toEpoch(time), execId: id, ...this.who(id) }
  }

  /** Whose program a process runs, its step, and the stage of that. */
  private who(id: string | null): Who {
    const phase = id === null ? undefined : this.parts.processes.get(id)?.phase
    const forkOf = this.parts.processes.forkOf(id)
    const step = this.stepOf(id)
    if (forkOf === null && phase === undefined) return { step }
    return {
      ...(forkOf === null ? {} : { forkOf }),
      step,
      ...(phase === undefined ? {} : { phase }),
    }
  }

  /** Where there are steps, the one of a process that nothing is known of is not known either. */
  private stepOf(id: string | null): string | null {
    const { processes, steps, step } = this.parts
    const known = id === null ? undefined : processes.get(id)
    return known?.step ?? (steps.known ? null : step)
  }

  /** @returns the event's `seq` */
  private tell(body: EventBody): number {
    return this.tellFindings(this.parts.stream.emit(body))
  }

  private tellFindings(event: Event): number {
    this.find(event)
    return event.seq
  }

  private find(event: Event): void {
    for (const finding of this.parts.detections.see(event)) this.parts.stream.emit(finding)
  }
}
