import type { Database } from '../../db/database.ts'
import type { RowData } from '../../views/rows.ts'
import { largestSum } from '../totals.ts'
import { terms, type TermKind, type View, views } from '../words.ts'
import type { JobIndex } from './job-index.ts'
import { type HashKey, hashKeyOf } from './keyed-hash.ts'
import { KnownFiles } from './known-files.ts'

/** Ids of terms that were used lately: so many, and up to as many that were used before them. */
const mostTerms = 50_000

/** Writes what was gathered. Within a transaction; after one that failed, `forget`. */
export class IndexWriter {
  readonly known: KnownFiles
  readonly hashKey: HashKey
  readonly #db: Database
  #terms = new Map<string, number>()
  #older = new Map<string, number>()

  constructor(db: Database) {
    this.#db = db
    this.known = new KnownFiles(db)
    const state = db.get<{ key: Uint8Array }>('SELECT hash_key AS key FROM state')
    if (state === undefined) throw new Error('the index has no state')
    this.hashKey = hashKeyOf(state.key)
  }

  forget(): void {
    this.#terms = new Map()
    this.#older = new Map()
    this.known.forget()
  }

  /** @param part a number that is higher than that of what was written before */
  write(index: JobIndex, part: number): void {
    this.#writeRows(index)
    index.acts.write(this.#db, index.number, processesIn(index))
    this.#writeFiles(index)
    this.#writeFolders(index, part)
    for (const [kind, all] of index.facts)
      for (const [value, { count, firstTime, lastTime, verdicts }] of all)
        this.#db.run(
          `INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = min(count + excluded.count, ${largestSum}),
             first_time = min(first_time, excluded.first_time), last_time = max(last_time, excluded.last_time),
             verdicts = verdicts | excluded.verdicts`,
          this.#term(index.organisation, kind, value),
          index.number,
          count,
          firstTime,
          lastTime,
          verdicts,
        )
    for (const seq of index.answered)
      this.#db.run('DELETE FROM requests WHERE job = ? AND seq = ?', index.number, seq)
    for (const [seq, { n }] of index.requests)
      this.#db.run(
        'INSERT INTO requests VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
        index.number,
        seq,
        n,
      )
    this.#db.run(
      'UPDATE jobs SET totals = ?, told = ?, health = ? WHERE number = ?',
      JSON.stringify(index.totals),
      JSON.stringify(index.told),
      JSON.stringify(index.health),
      index.number,
    )
  }

  #writeRows({ number, totals, added, loaded }: JobIndex): void {
    for (const [view, all] of loaded)
      for (const [n, { count, firstSeq, firstTime, lastTime, verdict, data }] of all)
        this.#db.run(
          `UPDATE rows SET count = ?, first_seq = ?, first_time = ?, last_time = ?, verdict = ?, data = ?
           WHERE job = ? AND view = ? AND n = ?`,
          count,
          firstSeq,
          firstTime,
          lastTime,
          verdict,
          JSON.stringify(data),
          number,
          views[view],
          n,
        )
    for (const { view, key, row } of added) {
      row.n = nextOf(totals.rows, view)
      this.#db.run(
        'INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        number,
        views[view],
        row.n,
        key,
        row.count,
        row.firstSeq,
        row.firstTime,
        row.lastTime,
        row.verdict,
        JSON.stringify(row.data),
      )
    }
  }

  #writeFiles({ number, totals, files }: JobIndex): void {
    for (const { first, keys, rows } of files.chunks())
      this.#db.run('INSERT INTO files VALUES (?, ?, ?, ?)', number, first, keys, rows)
    const { again, size } = files
    for (const { n, count, firstSeq, firstTime, lastTime, programs } of again.values())
      this.#db.run(
        'INSERT OR REPLACE INTO files_again VALUES (?, ?, ?, ?, ?, ?, ?)',
        number,
        n,
        count,
        firstSeq,
        firstTime,
        lastTime,
        JSON.stringify(programs),
      )
    if (size > 0) totals.rows.files = size
  }

  #writeFolders({ number, organisation, folders }: JobIndex, part: number): void {
    for (const [folder, names] of folders)
      this.#db.run(
        'INSERT INTO folders VALUES (?, ?, ?, ?, ?, ?, ?)',
        this.#term(organisation, 'path', folder),
        number,
        part,
        names.count,
        names.firstTime,
        names.lastTime,
        names.toJson(),
      )
  }

  #term(organisation: number, kind: TermKind, value: string): number {
    const key = `${organisation} ${kind} ${value}`
    const recent = this.#terms.get(key)
    if (recent !== undefined) return recent
    const id = this.#older.get(key) ?? this.#storedTerm(organisation, kind, value)
    if (this.#terms.size >= mostTerms) {
      this.#older = this.#terms
      this.#terms = new Map()
    }
    this.#terms.set(key, id)
    return id
  }

  #storedTerm(organisation: number, kind: TermKind, value: string): number {
    const id = (
      this.#db.get<{ id: number }>(
        'SELECT id FROM terms WHERE organisation = ? AND kind = ? AND value = ?',
        organisation,
        terms[kind],
        value,
      ) ??
      this.#db.get<{ id: number }>(
        'INSERT INTO terms (organisation, kind, value) VALUES (?, ?, ?) RETURNING id',
        organisation,
        terms[kind],
        value,
      )
    )?.id
    if (id === undefined) throw new Error('a term was not added')
    return id
  }
}

function* processesIn({ added }: JobIndex) {
  for (const { view, row } of added) {
    if (view !== 'processes') continue
    const { execId, parentExecId } = row.data as RowData['processes']
    yield { n: row.n, execId, parentExecId }
  }
}

function nextOf(rows: Partial<Record<View, number>>, view: View): number {
  const next = (rows[view] ?? 0) + 1
  rows[view] = next
  return next
}
