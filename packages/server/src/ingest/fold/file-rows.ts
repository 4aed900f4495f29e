import type { RowData } from '../../views/rows.ts'
import type { Database } from '../../db/database.ts'
import { type Again, type FileRow, readAgain } from '../file-chunks.ts'
import type { KeyTable } from './key-table.ts'
import { type Hash, type HashKey, keyedHash } from './keyed-hash.ts'

type Programs = RowData['files']['programs']

/** What some segments add to a job's view of files. Its numbers go on where the known ones end. */
export class FileRows {
  /** New ones, each with its key. */
  readonly added: FileRow[] = []
  readonly keys: Hash[] = []
  /** Of rows that are in the index already. */
  readonly again = new Map<number, Again>()
  readonly #known: KeyTable
  readonly #before: number
  readonly #key: HashKey
  readonly #stored: (n: number) => Again | undefined

  /** @param known keys of the rows that the job has; new ones are added, also where they are not written in the end */
  constructor(db: Database, job: number, known: KeyTable, key: HashKey) {
    this.#known = known
    this.#before = known.size
    this.#key = key
    this.#stored = (n) => readAgain(db, job, n, n).get(n)
  }

  /** How many rows the job has, these included. */
  get size(): number {
    return this.#known.size
  }

  /** Counts an event of a file. @returns programs of its row, for this one to be added */
  touch(
    key: string,
    { seq, time }: { seq: number; time: number },
    data: () => RowData['files'],
  ): Programs {
    const hash = keyedHash(this.#key, key)
    const n = this.#known.get(hash)
    if (n === 0) {
      this.#known.add(hash, this.#known.size + 1)
      const row = { count: 1, firstSeq: seq, firstTime: time, lastTime: time, data: data() }
      this.added.push(row)
      this.keys.push(hash)
      return row.data.programs
    }
    const row = this.added[n - this.#before - 1]
    if (row !== undefined) {
      count(row, seq, time)
      return row.data.programs
    }
    let again = this.again.get(n)
    if (again === undefined) {
      again = this.#stored(n) ?? {
        n,
        count: 0,
        firstSeq: seq,
        firstTime: time,
        lastTime: time,
        programs: [],
      }
      this.again.set(n, again)
    }
    count(again, seq, time)
    return again.programs
  }
}

function count(row: Omit<FileRow, 'data'>, seq: number, time: number): void {
  row.count++
  if (seq < row.firstSeq) row.firstSeq = seq
  if (time < row.firstTime) row.firstTime = time
  if (time > row.lastTime) row.lastTime = time
}
