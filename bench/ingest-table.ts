import { readFileSync, writeFileSync } from 'node:fs'

export interface IngestRow {
  what: string
  measured: string
  /** Empty: there is none. */
  target: string
}

const file = new URL('../docs/benchmarks.md', import.meta.url)
const begin = '<!-- made by node bench/ingest.ts --write -->'
const end = '<!-- end of the control plane -->'

/** Puts what was measured into docs/benchmarks.md, between its own two marks. */
export function writeIngestTable(rows: readonly IngestRow[], machine: string): void {
  const text = [
    begin,
    '',
    `Measured on ${machine}.`,
    '',
    '| what | measured | target |',
    '| --- | --- | --- |',
    ...rows.map(({ what, measured, target }) => `| ${what} | ${measured} | ${target} |`),
    '',
    end,
  ].join('\n')
  const page = readFileSync(file, 'utf8')
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${file.pathname} lacks the marks ${begin} and ${end}`)
  writeFileSync(file, page.slice(0, from) + text + page.slice(to + end.length))
}
