import { bootClock, type ExecRecord } from '@runwarden/sensor'
import type { EventBody } from '../event-stream.ts'
import type { ProcessTable } from '../process-table.ts'
import { type Hashed, programHasher } from './hasher.ts'
import { isYoung } from './young.ts'

export type ProgramBody = Omit<
  Extract<EventBody, { kind: 'process.program' }>,
  'time' | 'execId' | 'step'
>

export interface ProgramWatchParts {
  processes: ProcessTable
  drainSensor: () => void
  emitAt: (at: { time: number; execId: string }, body: ProgramBody) => void
  gap: (text: string) => void
}

/** Programs of one job that are told. */
const mostTold = 32_768
/** How often a program that could not be read is tried, as it is started again. */
const mostTries = 3
/** How long the end of a job reads by itself what waits for the thread to begin: nothing else is done meanwhile. */
const ownMs = 200
/** How long the end of a job waits then for what is being read: on a busy machine the thread had no turn in 0.2 s. */
const patienceMs = 3_000

interface Program {
  tries: number
  waits: boolean
  /** It was told that it could not be read. */
  missed: boolean
  done: boolean
}

/** Tells what the programs of one job held, each once. */
export class ProgramWatch {
  readonly #parts: ProgramWatchParts
  readonly #programs = new Map<string, Program>()
  /** Those that are being read, with what tells that they were not. */
  readonly #waiting = new Map<string, () => void>()
  #idle: (() => void) | undefined
  #ended = false
  #tooMany = 0

  constructor(parts: ProgramWatchParts) {
    this.#parts = parts
  }

  /** A process has become a program; its `process.exec` was told. */
  started(record: ExecRecord): void {
    const key = keyOf(record)
    const known = this.#programs.get(key)
    if (this.#ended || known?.done === true || known?.waits === true) return
    if (known === undefined && this.#programs.size >= mostTold) {
      this.#tooMany++
      return
    }
    const program = known ?? { tries: 0, waits: false, missed: false, done: false }
    this.#programs.set(key, program)
    const told = programHasher.known(key)
    if (told !== undefined) return this.#tell(record, program, told)
    if (program.tries >= mostTries) return
    program.tries++
    program.waits = true
    this.#waiting.set(key, () => this.#tell(record, program, late))
    this.#ask(key, record, (hashed) => {
      // At the end of the job it was told already.
      if (!this.#waiting.delete(key)) return
      program.waits = false
      this.#tell(record, program, hashed)
      if (this.#waiting.size === 0) this.#idle?.()
    })
  }

  /** Waits a moment for what is being read, and tells what was not. */
  async finish(): Promise<void> {
    if (this.#waiting.size > 0) programHasher.readNow(performance.now() + ownMs)
    if (this.#waiting.size > 0) {
      const calm = programHasher.hurry()
      const idle = Promise.withResolvers<void>()
      this.#idle = idle.resolve
      const timer = setTimeout(idle.resolve, patienceMs)
      await idle.promise
      clearTimeout(timer)
      calm()
    }
    this.#ended = true
    for (const tell of this.#waiting.values()) tell()
    this.#waiting.clear()
    if (programHasher.failure !== undefined)
      this.#parts.gap(`programs are not hashed any more: ${programHasher.failure}`)
    if (this.#tooMany > 0)
      this.#parts.gap(
        `the job started more than ${mostTold} different programs: what the others held is not told (${this.#tooMany} starts)`,
      )
  }

  #ask(key: string, record: ExecRecord, take: (hashed: Hashed) => void): void {
    const { exe: path, device, inode, changed, served, tgid, parentTgid, memfd, deleted } = record
    const nameless = memfd || deleted || record.pathTruncated
    const ids = { pid: tgid, parentPid: parentTgid }
    const ask = { path, device, inode, changed, served, ...ids, young: isYoung(record), nameless }
    programHasher.hash(key, { ask, ran: (at) => this.#ran(record, at) }, take)
  }

  #ran({ execId, time }: ExecRecord, at: number): boolean {
    // It may have become another one, or ended, and that waits in a ring.
    this.#parts.drainSensor()
    const process = this.#parts.processes.get(execId)
    if (process?.since !== bootClock.toEpoch(time)) return false
    return !process.ended || (process.endedAt ?? 0) > at
  }

  #tell(record: ExecRecord, program: Program, { sha256, size, unread }: Hashed): void {
    program.done = sha256 !== null || unread === 'large'
    if (!program.done && program.missed) return
    program.missed = true
    const { exe: path, device, inode, changed, time, execId } = record
    const what = { path, device, inode, ...(isYoung(record) ? {} : { changed }) }
    const held = { size, sha256, unread }
    this.#parts.emitAt({ time, execId }, { kind: 'process.program', ...what, ...held })
  }
}

/** Of what the file holds; where that is not known, of this one start. */
function keyOf(record: ExecRecord): string {
  const { device, inode, changed, time, execId } = record
  return isYoung(record) ? `${execId} ${time}` : `${device}:${inode}:${changed}`
}

const late: Hashed = { sha256: null, size: null, unread: 'late' }
