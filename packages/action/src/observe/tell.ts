import type { Event } from '@runwarden/events'
import { type CompiledPolicy, decide, type Decision } from '@runwarden/policy'
import type { Connection, Look, ProcessRow } from './look.ts'

export interface TellerSettings {
  compiled: CompiledPolicy
  /** The runner's worker: what descends from it is the job's, itself not. */
  root: number
  /** This process, which with what it starts is no part of the job. */
  self: number
  /** The machine is this job's alone: whatever connects and was not there before is the job's, too. */
  alone: boolean
  onEvent: (event: Event) => void
}

interface Known {
  row: ProcessRow
  execId: string
  parentExecId: string | null
  /** Descends from the worker; from this process; was there at the first look; came later, from nobody knows whom. */
  kin: 'job' | 'ours' | 'old' | 'new'
  told: boolean
}

type Unnumbered = Event extends infer E
  ? E extends Event
    ? Omit<E, 'seq' | 'scope' | 'step'>
    : never
  : never

/** Compares each look with the one before, and tells what is new as events. Verdicts say what a policy would have done. */
export class Teller {
  readonly #settings: TellerSettings
  #seq = 0
  /** By pid. Null: nothing was looked at yet. */
  #known: Map<number, Known> | null = null
  #connections = new Set<string>()
  /** The worker's identity, and whether it was there at the last look. */
  #root: string | undefined
  #rootSeen = false

  constructor(settings: TellerSettings) {
    this.#settings = settings
  }

  /** False once the runner's worker has gone: nobody is left to say that the job is over. */
  get jobGoesOn(): boolean {
    return this.#rootSeen
  }

  take(look: Look): void {
    const before = this.#known
    const known = new Map<number, Known>()
    const rows = new Map(look.processes.map((row) => [row.pid, row]))
    for (const row of rows.values()) this.#place(row, rows, known, before)
    this.#known = known
    const root = known.get(this.#settings.root)?.execId
    this.#root ??= root
    this.#rootSeen = root !== undefined && root === this.#root
    for (const [pid, old] of before ?? []) {
      if (old.told && known.get(pid)?.execId !== old.execId) this.#exit(old, look.time)
    }
    for (const process of known.values()) {
      const old = before?.get(process.row.pid)
      const same = old?.execId === process.execId
      const changed = same && programOf(old.row) !== programOf(process.row)
      process.told = same && old.told && !changed
      if (process.kin === 'job') this.#exec(process, changed ? look.time : process.row.startTime)
    }
    this.#connect(look)
  }

  /** A sentence about what could not be seen. */
  gap(detail: string): void {
    this.#health('gap', detail)
  }

  ended(): void {
    this.#health('ended', 'the job has ended')
  }

  /** Whose process this is: found from the root down, and kept when its parent is gone. */
  #place(
    row: ProcessRow,
    rows: ReadonlyMap<number, ProcessRow>,
    known: Map<number, Known>,
    before: ReadonlyMap<number, Known> | null,
    depth = 0,
  ): Known {
    const done = known.get(row.pid)
    if (done !== undefined) return done
    const execId = identity(row)
    const old = before?.get(row.pid)
    if (old?.execId === execId) {
      const same = { ...old, row }
      known.set(row.pid, same)
      return same
    }
    const parentRow = rows.get(row.parentPid)
    // A parent that began later has the pid of one that is gone.
    const parent =
      parentRow === undefined ||
      parentRow === row ||
      depth > 256 ||
      parentRow.startTime > row.startTime
        ? undefined
        : this.#place(parentRow, rows, known, before, depth + 1)
    const kin = this.#kinOf(row, parent, before === null)
    const placed = { row, execId, parentExecId: parent?.execId ?? null, kin, told: false }
    known.set(row.pid, placed)
    return placed
  }

  #kinOf({ pid }: ProcessRow, parent: Known | undefined, first: boolean): Known['kin'] {
    const { root, self } = this.#settings
    if (pid === self || parent?.kin === 'ours') return 'ours'
    if (pid === root) return 'old'
    if (parent?.row.pid === root || parent?.kin === 'job') return 'job'
    return first ? 'old' : 'new'
  }

  #exec(process: Known, time: number): void {
    if (process.told) return
    process.told = true
    const { row, execId, parentExecId } = process
    this.#tell({
      kind: 'process.exec',
      time,
      execId,
      pid: row.pid,
      parentExecId,
      parentPid: row.parentPid,
      uid: row.uid,
      exe: row.exe,
      argv: row.argv,
      argvTruncated: false,
      cwd: '',
      inode: '',
      device: '',
      memfd: false,
      deleted: false,
    })
  }

  #exit({ execId, row }: Known, time: number): void {
    this.#tell({ kind: 'process.exit', time, execId, pid: row.pid, code: null, signal: null })
  }

  #connect(look: Look): void {
    const now = new Set<string>()
    for (const connection of look.connections) {
      const { pid, localAddress, localPort, address, port } = connection
      // Processes may share one; it is told of the first.
      const key = `${localAddress}|${localPort} ${address}|${port}`
      const process = this.#known?.get(pid)
      if (process?.kin !== 'job' && !(process?.kin === 'new' && this.#settings.alone)) continue
      if (now.has(key)) continue
      now.add(key)
      if (this.#connections.has(key)) continue
      this.#exec(process, process.row.startTime)
      this.#tell({
        kind: 'net.connect',
        time: look.time,
        execId: process.execId,
        ...judge(this.#settings.compiled, connection, look.names, process.row.exe),
        address,
        port,
        protocol: 'tcp',
        via: 'connect',
        count: 1,
      })
    }
    this.#connections = now
  }

  #health(state: 'gap' | 'ended', detail: string): void {
    this.#tell({
      kind: 'agent.health',
      time: Date.now(),
      execId: null,
      state,
      detail,
      tier: 'none',
      hooks: [],
      eventsLost: {},
    })
  }

  #tell(event: Unnumbered): void {
    this.#seq += 1
    this.#settings.onEvent({ ...event, seq: this.#seq, scope: 'observed', step: null })
  }
}

function identity({ pid, startTime }: ProcessRow): string {
  // Nanoseconds since the epoch, and no boot: what the system tells a user.
  return `${pid}-${BigInt(Math.round(startTime)) * 1_000_000n}-0`
}

function programOf({ exe, argv }: ProcessRow): string {
  return [exe, ...argv].join('\0')
}

/**
 * What the policy says, for whichever of the guessed names it says most. Nothing is stopped here, so what it would have
 * stopped is `would-block`, on the block list or not.
 */
function judge(
  compiled: CompiledPolicy,
  { address, port }: Connection,
  names: Look['names'],
  exe: string,
): Decision & { host: string | null } {
  const decided = [null, ...(names.get(address) ?? [])].map((host) => ({
    host,
    decision: decide(compiled, {
      host,
      address,
      port,
      protocol: 'tcp',
      exe: exe === '' ? null : exe,
    }),
  }))
  const best =
    decided.find(({ decision }) => decision.verdict === 'attack-blocked') ??
    decided.find(({ decision }) => decision.verdict === 'allowed') ??
    decided[1] ??
    decided[0]
  if (best === undefined) throw new RangeError('an address without a name has a decision, too')
  const { host, decision } = best
  const { rule } = decision
  const guessed = host === null ? decision.reason : `${decision.reason} (its name is a guess)`
  if (decision.verdict === 'allowed') return { host, rule, verdict: 'allowed', reason: guessed }
  return { host, rule, verdict: 'would-block', reason: `${guessed}; nothing stops it here` }
}
