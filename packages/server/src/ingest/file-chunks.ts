import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Database } from '../db/database.ts'
import type { RowData } from '../views/rows.ts'

/**
 * Rows of the view of files are as many as events at times, so they are not rows of the index: some hundreds at a time are one
 * text, packed. What comes later of a file of an earlier chunk is a row of `files_again`.
 */
export interface FileRow {
  n: number
  count: number
  firstSeq: number
  firstTime: number
  lastTime: number
  data: RowData['files']
}

/** Rows of a chunk, at most: a page unpacks one or two of them. */
export const mostOfChunk = 512

type Program = RowData['files']['programs'][number]

/** What many files of a job have in common: who did what to them. */
export type Act = Omit<RowData['files'], 'path' | 'to' | 'programs'> & { program: Program }

/** Rows by columns, which takes a third of what rows do; those of few rows by the rows' places. */
export interface Columns {
  acts: Act[]
  act: number[]
  path: string[]
  to: Record<number, string>
  seq: number[]
  /** Microseconds: the first since 1970, the others behind the one before them. */
  time: number[]
  /** Where it was more than once: how often, and the last time in microseconds behind the first. */
  more: Record<number, [count: number, last: number]>
}

/** What is said of a file again. */
export interface Again {
  n: number
  count: number
  firstSeq: number
  firstTime: number
  lastTime: number
  programs: Program[]
}

const fastest = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

export const packColumns = (columns: Columns): Buffer =>
  zstdCompressSync(JSON.stringify(columns), fastest)

/** Some hundreds of a job's files. */
export interface Chunk {
  /** Number of its first row. */
  first: number
  /** Its columns as JSON: a text of one of its rows is in it. */
  text: string
}

export function* rowsOfChunk({ first, text }: Chunk): Generator<FileRow> {
  const columns = JSON.parse(text) as Columns
  let micros = 0
  for (const [i, path] of columns.path.entries()) {
    micros += columns.time[i] ?? 0
    const [count, last] = columns.more[i] ?? [1, 0]
    const { program, ...act } = columns.acts[columns.act[i] ?? 0] as Act
    const data = { path, to: columns.to[i] ?? null, ...act, programs: [{ ...program }] }
    const [firstTime, lastTime] = [micros / 1000, (micros + last) / 1000]
    yield { n: first + i, count, firstSeq: columns.seq[i] ?? 0, firstTime, lastTime, data }
  }
}

/** Chunks of one read. */
const atOnce = 4

/** Those of a job with its rows behind a number, in order, and perhaps one before. */
export function* readChunks(index: Database, job: number, after: number): Generator<Chunk> {
  // The chunk that has the next row begins so far before it at most.
  let from = after + 2 - mostOfChunk
  for (;;) {
    const chunks = index.all<{ first: number; rows: Uint8Array }>(
      'SELECT first, rows FROM files WHERE job = ? AND first >= ? ORDER BY first LIMIT ?',
      job,
      from,
      atOnce,
    )
    for (const { first, rows } of chunks) yield { first, text: zstdDecompressSync(rows).toString() }
    const last = chunks.at(-1)
    if (last === undefined || chunks.length < atOnce) return
    from = last.first + 1
  }
}

/** Rows of a job behind a number, in order, without what `files_again` has. */
export function* readRows(index: Database, job: number, after: number): Generator<FileRow> {
  for (const chunk of readChunks(index, job, after))
    for (const row of rowsOfChunk(chunk)) if (row.n > after) yield row
}

/** What is said again of the files of some rows, by their numbers. */
export function readAgain(
  index: Database,
  job: number,
  first: number,
  last: number,
): Map<number, Again> {
  const found = index.all<Omit<Again, 'programs'> & { programs: string }>(
    `SELECT n, count, first_seq AS firstSeq, first_time AS firstTime, last_time AS lastTime, programs
     FROM files_again WHERE job = ? AND n BETWEEN ? AND ?`,
    job,
    first,
    last,
  )
  return new Map(
    found.map((row) => [
      row.n,
      Object.assign(row, { programs: JSON.parse(row.programs) as Program[] }),
    ]),
  )
}
