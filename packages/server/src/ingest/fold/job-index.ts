import { hash } from 'node:crypto'
import type { Event } from '@runwarden/events'
import type { Database } from '../../db/database.ts'
import type { RowData } from '../../views/rows.ts'
import { cut } from '../cut.ts'
import { noTotals, sum, type Totals } from '../totals.ts'
import { FolderNames } from '../folder-names.ts'
import { type TermKind, type View, views } from '../words.ts'
import { ProcessActs } from './acts.ts'
import { FileRows } from './file-rows.ts'
import { type HealthSoFar, noHealth } from './health.ts'
import type { HashKey } from './keyed-hash.ts'
import type { KnownFiles } from './known-files.ts'

/** Views of which each row is one of the index; files have src/ingest/file-chunks.ts. */
export type RowView = Exclude<View, 'files'>
/** Facts of the same kind; paths have their folders. */
export type FactKind = Exclude<TermKind, 'path'>

/** A row of a view while events are added to it. */
export interface Row<D> {
  /** 0: it is not in the database yet. */
  n: number
  count: number
  firstSeq: number
  firstTime: number
  lastTime: number
  verdict: number
  data: D
}

interface Fact {
  count: number
  firstTime: number
  lastTime: number
  verdicts: number
}

/** As the database has it. */
interface Job {
  number: number
  organisation: number
  totals: string
  told: string
  health: string
}

interface Stored {
  n: number
  count: number
  first_seq: number
  first_time: number
  last_time: number
  verdict: number
  data: string
}

/** Starts of one program that wait for its hash. */
const mostStarts = 1000

/** Longer texts of a job are cut before they become keys. */
const longestTerm = 4096

/** What some segments add to one job's index: gathered first, each row and fact written once, by src/ingest/fold/write.ts. */
export class JobIndex {
  readonly number: number
  readonly organisation: number
  readonly totals: Totals
  readonly told: Record<string, number>
  readonly health: HealthSoFar
  /** Not in the database yet; each with the key by which it is found later. */
  readonly added: { view: RowView; key: Buffer; row: Row<RowData[RowView]> }[] = []
  /** As the database has them, and changed since; by their numbers. */
  readonly loaded = new Map<RowView, Map<number, Row<RowData[RowView]>>>()
  readonly files: FileRows
  readonly acts = new ProcessActs()
  readonly facts = new Map<FactKind, Map<string, Fact>>()
  /** Files that it had to do with, by their folders, with the slash. */
  readonly folders = new Map<string, FolderNames>()
  /** Rows of requests that have no response yet, by `seq`. */
  readonly requests = new Map<number, Row<RowData['http']>>()
  readonly answered: number[] = []
  readonly #db: Database
  readonly #rows = new Map<RowView, Map<string, Row<RowData[RowView]>>>()
  /** Images of processes whose hash is not known yet, by what ran. */
  readonly #starts = new Map<string, RowData['processes']['images'][number][]>()
  #last: { folder: string; names: FolderNames } | undefined
  /** Programs by process, as far as they were asked for. */
  readonly #programs = new Map<string, string | null>()

  private constructor(
    db: Database,
    { number, organisation, totals, told, health }: Job,
    known: KnownFiles,
    key: HashKey,
  ) {
    this.#db = db
    this.number = number
    this.organisation = organisation
    this.totals = JSON.parse(totals) as Totals
    this.told = JSON.parse(told) as Record<string, number>
    this.health = JSON.parse(health) as HealthSoFar
    this.files = new FileRows(db, number, known.of(number), key)
  }

  /** Of a job that may be new. */
  static load(
    db: Database,
    { jobId, organisationId }: { jobId: string; organisationId: string },
    { known, hashKey }: { known: KnownFiles; hashKey: HashKey },
  ): JobIndex {
    db.run('INSERT INTO organisations (id) VALUES (?) ON CONFLICT DO NOTHING', organisationId)
    db.run(
      `INSERT INTO jobs (id, organisation, totals, told, health) SELECT ?, number, ?, '{}', ? FROM organisations WHERE id = ?
       ON CONFLICT DO NOTHING`,
      jobId,
      JSON.stringify(noTotals()),
      JSON.stringify(noHealth()),
      organisationId,
    )
    const row = db.get<Job>(
      'SELECT number, organisation, totals, told, health FROM jobs WHERE id = ?',
      jobId,
    )
    if (row === undefined) throw new Error(`job ${jobId} was not added`)
    return new JobIndex(db, row, known, hashKey)
  }

  /** The row of a key, as it is so far; a new one where there is none. */
  row<V extends RowView>(
    view: V,
    key: string,
    { seq, time }: { seq: number; time: number },
    verdict: number,
    data: () => RowData[V],
  ): Row<RowData[V]> {
    let row = this.#find(view, key)
    if (row === undefined) {
      row = {
        n: 0,
        count: 0,
        firstSeq: seq,
        firstTime: time,
        lastTime: time,
        verdict,
        data: data(),
      }
      this.added.push({ view, key: digest(key), row })
      this.#remember(view, key, row)
    }
    if (seq < row.firstSeq) row.firstSeq = seq
    if (time < row.firstTime) row.firstTime = time
    if (time > row.lastTime) row.lastTime = time
    return row
  }

  /** A process's row, where it has one. */
  process(execId: string): Row<RowData['processes']> | undefined {
    return this.#find('processes', execId)
  }

  /** Of what ran there is no hash yet: it comes with the next events. */
  startWaits(key: string, image: RowData['processes']['images'][number]): void {
    const waiting = this.#starts.get(key)
    if (waiting === undefined) this.#starts.set(key, [image])
    else if (waiting.length < mostStarts) waiting.push(image)
  }

  startsThatWaited(key: string): RowData['processes']['images'][number][] {
    const waiting = this.#starts.get(key) ?? []
    this.#starts.delete(key)
    return waiting
  }

  /** The program of the process that did something; null: not known. */
  programOf({ execId, forkOf }: Pick<Event, 'execId' | 'forkOf'>): string | null {
    return this.#exeOf(forkOf ?? execId)
  }

  #exeOf(execId: string | null): string | null {
    if (execId === null) return null
    let exe = this.#programs.get(execId)
    if (exe === undefined) {
      exe = this.process(execId)?.data.images.at(-1)?.exe ?? null
      this.#programs.set(execId, exe)
    }
    return exe
  }

  isNow(execId: string, exe: string): void {
    this.#programs.set(execId, exe)
  }

  /** The row of a request that waits for its response; it waits no longer. */
  requestAnswered(seq: number): Row<RowData['http']> | undefined {
    const here = this.requests.get(seq)
    if (here !== undefined) {
      this.requests.delete(seq)
      return here
    }
    const waiting = this.#db.get<{ n: number }>(
      'SELECT n FROM requests WHERE job = ? AND seq = ?',
      this.number,
      seq,
    )
    if (waiting === undefined) return undefined
    this.answered.push(seq)
    const stored = this.#db.get<Stored>(
      'SELECT n, count, first_seq, first_time, last_time, verdict, data FROM rows WHERE job = ? AND view = ? AND n = ?',
      this.number,
      views.http,
      waiting.n,
    )
    return stored && this.#load('http', stored)
  }

  /** A job had to do with something that is searched for. */
  fact(kind: FactKind, value: string, time: number, verdicts: number, count = 1): void {
    if (value === '') return
    const text = cut(value, longestTerm)
    let all = this.facts.get(kind)
    if (all === undefined) this.facts.set(kind, (all = new Map()))
    const fact = all.get(text)
    if (fact === undefined) all.set(text, { count, firstTime: time, lastTime: time, verdicts })
    else {
      fact.count = sum(fact.count, count)
      fact.verdicts |= verdicts
      if (time < fact.firstTime) fact.firstTime = time
      if (time > fact.lastTime) fact.lastTime = time
    }
  }

  /** The same of a file. */
  touched(path: string, time: number): void {
    if (path === '') return
    const text = cut(path, longestTerm)
    const at = text.lastIndexOf('/') + 1
    this.#folderOf(text, at, time).add(text.slice(at), time)
  }

  /** Files come folder by folder: the last one is at hand. */
  #folderOf(path: string, length: number, time: number): FolderNames {
    const last = this.#last
    if (last?.folder.length === length && path.startsWith(last.folder)) return last.names
    const folder = path.slice(0, length)
    let names = this.folders.get(folder)
    if (names === undefined) this.folders.set(folder, (names = new FolderNames(time)))
    this.#last = { folder, names }
    return names
  }

  #find<V extends RowView>(view: V, key: string): Row<RowData[V]> | undefined {
    const here = this.#rows.get(view)?.get(key) as Row<RowData[V]> | undefined
    if (here !== undefined || (this.totals.rows[view] ?? 0) === 0) return here
    const stored = this.#db.get<Stored>(
      'SELECT n, count, first_seq, first_time, last_time, verdict, data FROM rows WHERE job = ? AND view = ? AND key = ?',
      this.number,
      views[view],
      digest(key),
    )
    if (stored === undefined) return undefined
    const row = this.#load(view, stored)
    this.#remember(view, key, row)
    return row
  }

  /** One object for each row, by whichever way it was found. */
  #load<V extends RowView>(view: V, stored: Stored): Row<RowData[V]> {
    let all = this.loaded.get(view)
    if (all === undefined) this.loaded.set(view, (all = new Map()))
    let row = all.get(stored.n) as Row<RowData[V]> | undefined
    if (row === undefined) {
      const { first_seq: firstSeq, first_time: firstTime, last_time: lastTime, ...rest } = stored
      const data = JSON.parse(stored.data) as RowData[V]
      row = { ...rest, firstSeq, firstTime, lastTime, data }
      all.set(stored.n, row)
    }
    return row
  }

  #remember(view: RowView, key: string, row: Row<RowData[RowView]>): void {
    let all = this.#rows.get(view)
    if (all === undefined) this.#rows.set(view, (all = new Map()))
    all.set(key, row)
  }
}

/** Who writes events chooses keys, so this must be a hash without collisions that can be made. */
const digest = (key: string): Buffer => hash('sha256', key, 'buffer').subarray(0, 16)
