import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Database } from '../db/database.ts'
import type { RowData } from '../views/rows.ts'

/**
 * Rows of the view of files are as many as events at times, so they are not rows of the index: some hundreds at a time are one
 * text, packed. What comes later of a file of an earlier chunk is a row of `files_again`.
 */
export interface FileRow {
  count: number
  firstSeq: number
  firstTime: number
  lastTime: number
  data: RowData['files']
}

/** Rows of a chunk, at most: a page unpacks one or two of them. */
export const mostOfChunk = 512

type Program = RowData['files']['programs'][number]

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

export const packRows = (rows: readonly FileRow[]): Buffer =>
  zstdCompressSync(JSON.stringify(rows), fastest)

const unpackRows = (packed: Uint8Array): FileRow[] =>
  JSON.parse(zstdDecompressSync(packed).toString()) as FileRow[]

/** Chunks of one read. */
const atOnce = 4

/** Rows of a job behind a number, in order, without what `files_again` has. */
export function* readRows(
  index: Database,
  job: number,
  after: number,
): Generator<FileRow & { n: number }> {
  // The chunk that has the next row begins so far before it at most.
  let from = after + 2 - mostOfChunk
  for (;;) {
    const chunks = index.all<{ first: number; rows: Uint8Array }>(
      'SELECT first, rows FROM files WHERE job = ? AND first >= ? ORDER BY first LIMIT ?',
      job,
      from,
      atOnce,
    )
    for (const { first, rows } of chunks)
      for (const [i, row] of unpackRows(rows).entries())
        if (first + i > after) yield Object.assign(row, { n: first + i })
    const last = chunks.at(-1)
    if (last === undefined || chunks.length < atOnce) return
    from = last.first + 1
  }
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
