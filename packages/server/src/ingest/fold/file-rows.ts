import type { Database } from '../../db/database.ts'
import {
  type Act,
  type Again,
  type Columns,
  mostOfChunk,
  packColumns,
  readAgain,
} from '../file-chunks.ts'
import type { KeyTable } from './key-table.ts'
import { type Hash, type HashKey, keyedHash } from './keyed-hash.ts'
import { addProgramOnce } from './programs.ts'

/** A chunk that is to be written. */
export interface Chunk {
  first: number
  keys: Int32Array
  rows: Buffer
}

/**
 * What some segments add to a job's view of files. Its numbers go on where the known ones end. New rows are columns from the
 * beginning: an object for each of them would outlive the young generation.
 */
export class FileRows {
  /** Of rows that are in the index, or in a chunk, already; or that another program comes to. */
  readonly again = new Map<number, Again>()
  readonly #chunks: Chunk[] = []
  readonly #known: KeyTable
  readonly #key: HashKey
  readonly #stored: (n: number) => Again | undefined
  readonly #hash: Hash = { low: 0, high: 0 }
  #first: number
  #open = noColumns()
  #keys: number[] = []
  /** Of the last row of `#open`, in microseconds; of all of its rows. */
  #micros = 0
  #times: number[] = []
  #actKeys = new Map<string, number>()

  /** @param known keys of the rows that the job has; new ones are added, also where they are not written in the end */
  constructor(db: Database, job: number, known: KeyTable, key: HashKey) {
    this.#known = known
    this.#first = known.size + 1
    this.#key = key
    this.#stored = (n) => readAgain(db, job, n, n).get(n)
  }

  /** How many rows the job has, these included. */
  get size(): number {
    return this.#known.size
  }

  /** Counts an event of a file. */
  touch(
    { path, to }: { path: string; to: string | null },
    act: Act,
    { seq, time }: { seq: number; time: number },
  ): void {
    const hash = keyedHash(this.#key, `${act.action} ${act.errno} ${path}\0${to ?? ''}`, this.#hash)
    const n = this.#known.get(hash)
    if (n === 0) {
      this.#known.add(hash, this.#known.size + 1)
      this.#keys.push(hash.low, hash.high)
      this.#add(path, to, act, seq, time)
      return
    }
    const at = n - this.#first
    const known = this.#open.act[at]
    // Of the same program, and none earlier than the first: the columns have place for that.
    if (known !== undefined && known === this.#actOf(act) && seq > (this.#open.seq[at] ?? 0)) {
      const last = Math.round(time * 1000) - (this.#times[at] ?? 0)
      const more = (this.#open.more[at] ??= [1, 0])
      more[0]++
      if (last > more[1]) more[1] = last
      return
    }
    this.#addAgain(n, act, seq, time)
  }

  /** All that is new, in chunks; the last one is not full. */
  chunks(): readonly Chunk[] {
    this.#close()
    return this.#chunks
  }

  #add(path: string, to: string | null, act: Act, seq: number, time: number): void {
    const open = this.#open
    const micros = Math.round(time * 1000)
    if (to !== null) open.to[open.path.length] = to
    open.act.push(this.#actOf(act))
    open.path.push(path)
    open.seq.push(seq)
    open.time.push(micros - this.#micros)
    this.#times.push(micros)
    this.#micros = micros
    if (open.path.length === mostOfChunk) this.#close()
  }

  #addAgain(n: number, { program }: Act, seq: number, time: number): void {
    let again = this.again.get(n)
    if (again === undefined) {
      const none = { n, count: 0, firstSeq: seq, firstTime: time, lastTime: time, programs: [] }
      again = this.#stored(n) ?? none
      this.again.set(n, again)
    }
    again.count++
    if (seq < again.firstSeq) again.firstSeq = seq
    if (time < again.firstTime) again.firstTime = time
    if (time > again.lastTime) again.lastTime = time
    addProgramOnce(again.programs, program)
  }

  #actOf(act: Act): number {
    const { action, sensitive, workspace, errno, truth, program } = act
    const key = `${action} ${errno} ${workspace} ${truth} ${sensitive} ${program.exe}\0${program.step}`
    let at = this.#actKeys.get(key)
    if (at === undefined) {
      at = this.#open.acts.push(act) - 1
      this.#actKeys.set(key, at)
    }
    return at
  }

  #close(): void {
    const rows = this.#open.path.length
    if (rows === 0) return
    const keys = new Int32Array(this.#keys)
    this.#chunks.push({ first: this.#first, keys, rows: packColumns(this.#open) })
    this.#first += rows
    this.#open = noColumns()
    this.#keys = []
    this.#micros = 0
    this.#times = []
    this.#actKeys = new Map()
  }
}

const noColumns = (): Columns => ({
  acts: [],
  act: [],
  path: [],
  to: {},
  seq: [],
  time: [],
  more: {},
})
