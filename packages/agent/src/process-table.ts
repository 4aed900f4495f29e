import type { Stdio } from '@runwarden/events'
import { scriptOf } from '@runwarden/rules/script'
import { PipeEnds } from './pipes.ts'
import { tickMs } from './program-hashes/contract.ts'

/** Where in a workflow a process is, from its beginning to its end. */
export interface InStep {
  /** Null: no step is known. */
  step: string | null
  /** The stage of the step's action; none: main, or it is not known. */
  phase?: 'pre' | 'post'
}

/** What is known of one process. */
export interface Process extends InStep {
  execId: string
  pid: number
  parentExecId: string | null
  /** The program that it runs now; empty when its exec was never seen. */
  exe: string
  uid: number
  ended: boolean
  /** When it ended, as events have their time. */
  endedAt?: number
  /** When it began to run its program, as events have their time. */
  since?: number
  /** From when on it may have had that program's name already. */
  namedSince?: number
  /** Of its last exec, or of the process that it was made by: the beginning of a long one. */
  argv?: readonly string[]
  /** Of a long one, what an interpreter was told to run: the class of a daemon of Gradle is the last of 1,100 characters. */
  script?: string
  cwd?: string
  /** The file of its program was there before the scope, and has not been changed since. */
  preexisting?: boolean
  /** Whose output its standard input has been since its last exec, by a pipe: also of those who will be it later. */
  feeders?: ReadonlySet<string>
  /** What its standard input and output have been since its last exec, the same for all who have them from one another; none: nobody is at another end. */
  input?: number
  output?: number
  /** Who was at the other end of its standard input, a unix socket. */
  peer?: string
  /** The machine's shell that its program is a copy of. */
  copyOf?: string
  /** Who has read its standard output since its last exec, by a pipe: also those who will do so later. */
  readers?: ReadonlySet<string>
}

/** What a process was started with. */
export interface Started {
  argv: readonly string[]
  cwd: string
  /** When, as events have their time. */
  since: number
  /** When the process was made, as events have their time. */
  made: number
  stdio: readonly Stdio[]
  /** See ExecRecord. */
  ends: readonly [stdin: number, stdout: number]
  /** When the program's file was last changed (its ctime), as events have their time; none: nobody can tell. */
  changed?: number | undefined
}

/** Processes that ended last, for what ran at a time just past. */
const recentKept = 256

const nowhere: InStep = { step: null }

/**
 * How long a program is taken to need to begin, ms; chosen wide, as nobody knows how long a busy machine lets it wait. The kernel gives
 * the process its name first, reads the program's file, and then says that it has begun: others may see the name before.
 */
const beginningMs = 100

/** Characters of the arguments that are kept of a process. */
const argvKept = 1024

/** Of so many processes that live at once, as a part of the limit, it is known what they are. */
const livingKept = 4
/** And so many of those that ended last are kept then. */
const endedKept = 1 / 16

/**
 * The processes of a scope by identity. Those that have ended stay known, since what they did may be told later than their end, until
 * there are more than `limit`: then those that ended first go. Living ones are kept beyond that, to four times as many.
 */
export class ProcessTable {
  private readonly living = new Map<string, Process>()
  private readonly ended = new Map<string, Process>()
  private readonly recent: Process[] = []
  private readonly writers = new PipeEnds()
  private readonly readers = new PipeEnds()
  private readonly limit: number
  private readonly began: number
  private readonly gap: (text: string) => void
  private hasForgotten = false

  /**
   * @param limit processes kept, living and ended together
   * @param began when the scope did, as events have their time
   * @param gap living ones are not known any more
   */
  constructor(limit = 16_384, began = Date.now(), gap: (text: string) => void = () => {}) {
    this.limit = limit
    this.began = began
    this.gap = gap
  }

  get size(): number {
    return this.living.size + this.ended.size
  }

  get(execId: string): Process | undefined {
    return this.living.get(execId) ?? this.ended.get(execId)
  }

  /** The program that a process runs now; empty when it is not known. */
  exeOf(execId: string | null): string {
    return execId === null ? '' : (this.get(execId)?.exe ?? '')
  }

  /**
   * The living process of a pid.
   * @param at or the one that lived then: what it did may be told later than its end
   */
  withPid(pid: number, at = Infinity): Process | undefined {
    const has = (process: Process): boolean => process.pid === pid
    const living = this.living.values().find(has)
    if (living !== undefined || at === Infinity) return living
    return this.ended.values().find((process) => has(process) && (process.endedAt ?? 0) >= at)
  }

  /** The processes that ran their program, or had its name already, at a time that is just past. */
  runningAt(time: number): Process[] {
    return [...this.living.values(), ...this.recent].filter(
      ({ namedSince = 0, ended, endedAt = 0 }) => namedSince <= time && (!ended || endedAt >= time),
    )
  }

  /** Whether a process of root has run since then, as events have their time. */
  hasRootSince(time: number): boolean {
    const isRoot = ({ uid, ended, endedAt = 0 }: Process): boolean =>
      uid === 0 && (!ended || endedAt >= time)
    return this.living.values().some(isRoot) || this.ended.values().some(isRoot)
  }

  /** The nearest of a process and its ancestors that has begun to run a program since it is looked at; null: none has. */
  withProgram(execId: string | null): string | null {
    // Bounded, should ancestry go in a circle.
    for (let at = execId, far = 0; at !== null && far < 1000; far++) {
      const process = this.get(at)
      if (process === undefined) return null
      if (process.since !== undefined) return at
      at = process.parentExecId
    }
    return null
  }

  /** The nearest ancestor of a fork that runs no program of its own; null: it does, or no ancestor is known. */
  forkOf(execId: string | null): string | null {
    const nearest = this.withProgram(execId)
    return nearest === execId ? null : nearest
  }

  /** A process was made: it runs its parent's program. */
  fork(execId: string, pid: number, parentExecId: string, uid: number, within = nowhere): Process {
    const known = this.get(execId)
    if (known !== undefined) {
      known.parentExecId ??= parentExecId
      return known
    }
    const parent = this.get(parentExecId)
    const exe = parent?.exe ?? ''
    const {
      argv = [],
      cwd = '',
      feeders,
      readers,
      script,
      input,
      output,
      peer,
      copyOf,
      preexisting = false,
    } = parent ?? {}
    const fed = feeders === undefined ? {} : { feeders }
    const read = readers === undefined ? {} : { readers }
    const told = script === undefined ? {} : { script }
    const ends = {
      ...(input === undefined ? {} : { input }),
      ...(output === undefined ? {} : { output }),
      ...(peer === undefined ? {} : { peer }),
      ...(copyOf === undefined ? {} : { copyOf }),
    }
    return this.keep({
      execId,
      pid,
      parentExecId,
      exe,
      uid,
      ...within,
      ended: false,
      argv,
      cwd,
      preexisting,
      ...fed,
      ...read,
      ...told,
      ...ends,
    })
  }

  /** A process runs another program from here on. */
  exec(
    execId: string,
    pid: number,
    parentExecId: string | null,
    uid: number,
    exe: string,
    within = nowhere,
  ): Process {
    const known = this.get(execId)
    if (known !== undefined) {
      known.exe = exe
      known.uid = uid
      if (within.step !== null) Object.assign(known, within)
      known.parentExecId ??= parentExecId
      return known
    }
    return this.keep({ execId, pid, parentExecId, exe, uid, ...within, ended: false })
  }

  /** What a process was started with. */
  describe(execId: string, started: Started): void {
    const { argv, cwd, since, made, changed } = started
    const [input, output] = started.stdio
    const [stdin, stdout] = started.ends
    const process = this.get(execId)
    if (process === undefined) return
    process.since = since
    delete process.copyOf
    process.namedSince = Math.max(made, since - beginningMs)
    process.argv = beginningOf(argv)
    if (process.argv === argv) delete process.script
    else process.script = scriptOf(process.exe, argv)
    process.cwd = cwd
    process.preexisting = changed !== undefined && changed + tickMs < this.began
    if (stdin === 0) delete process.input
    else process.input = stdin
    if (stdout === 0) delete process.output
    else process.output = stdout
    const peer = input === 'socket' ? this.peerOf(process, stdin) : undefined
    if (peer === undefined) delete process.peer
    else process.peer = peer
    if (!isPipe(input)) delete process.feeders
    else {
      process.feeders = this.writers.of(stdin)
      this.readers.has(stdin, execId)
    }
    if (!isPipe(output)) delete process.readers
    else {
      process.readers = this.readers.of(stdout)
      this.writers.has(stdout, execId)
    }
  }

  /** Who has a pid: most often the parent, which has made both ends. */
  private peerOf({ parentExecId }: Process, pid: number): string | undefined {
    const parent = this.get(parentExecId ?? '')
    return parent?.pid === pid ? parent.execId : this.withPid(pid)?.execId
  }

  /** A worker's child becomes a step. */
  enterStep(execId: string, within: InStep): void {
    const process = this.get(execId)
    if (process !== undefined) Object.assign(process, within)
  }

  /** @param at as events have their time */
  exit(execId: string, at = 0): void {
    const process = this.living.get(execId)
    if (process === undefined) return
    process.ended = true
    process.endedAt = at
    this.living.delete(execId)
    this.ended.set(execId, process)
    this.recent.push(process)
    if (this.recent.length > recentKept) this.recent.shift()
  }

  private keep(process: Process): Process {
    this.living.set(process.execId, process)
    const { living, ended, limit } = this
    while (this.size > limit && ended.size > limit * endedKept) forgetFirst(ended)
    if (living.size <= limit * livingKept) return process
    forgetFirst(living)
    if (!this.hasForgotten)
      this.gap(
        `more than ${limit * livingKept} processes live at once: of those that began first it is not known any more what they run, and in which step`,
      )
    this.hasForgotten = true
    return process
  }
}

const isPipe = (kind: Stdio | undefined): boolean => kind === 'pipe' || kind === 'fifo'

function forgetFirst(processes: Map<string, Process>): void {
  const first = processes.keys().next()
  if (first.done !== true) processes.delete(first.value)
}

/** The same array where it is short enough: the report keeps it, too. */
function beginningOf(argv: readonly string[]): readonly string[] {
  const length = argv.reduce((sum, text) => sum + text.length + 1, 0)
  if (length <= argvKept) return argv
  let room = argvKept
  return argv
    .map((text) => {
      const kept = text.slice(0, room)
      room -= kept.length + 1
      return kept
    })
    .filter((_, index) => index < argvKept / 2 && (index === 0 || room > -argvKept))
}
