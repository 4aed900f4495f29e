import type { Database } from '../../db/database.ts'
import { terms, type TermKind, type View, views } from '../words.ts'
import type { JobIndex } from './job-index.ts'

/** Ids of terms that were used lately. */
const mostTerms = 50_000

/** Writes what was gathered. Within a transaction; after one that failed, `forget`. */
export class IndexWriter {
  readonly #db: Database
  #terms = new Map<string, number>()

  constructor(db: Database) {
    this.#db = db
  }

  forget(): void {
    this.#terms = new Map()
  }

  write(index: JobIndex): void {
    this.#writeRows(index)
    for (const [kind, all] of index.facts)
      for (const [value, { count, firstTime, lastTime, verdicts }] of all)
        this.#db.run(
          `INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count,
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
      'UPDATE jobs SET totals = ? WHERE number = ?',
      JSON.stringify(index.totals),
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

  #term(organisation: number, kind: TermKind, value: string): number {
    const key = `${organisation} ${kind} ${value}`
    const known = this.#terms.get(key)
    if (known !== undefined) return known
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
    if (this.#terms.size >= mostTerms) this.forget()
    this.#terms.set(key, id)
    return id
  }
}

function nextOf(rows: Partial<Record<View, number>>, view: View): number {
  const next = (rows[view] ?? 0) + 1
  rows[view] = next
  return next
}
