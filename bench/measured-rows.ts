import { readFileSync, writeFileSync } from 'node:fs'

export interface MeasuredRow {
  what: string
  measured: string
  /** Empty: there is none. */
  target: string
}

const file = new URL('../docs/benchmarks.md', import.meta.url)

/** Puts what was measured into docs/benchmarks.md, between its own two marks. @param command what makes them */
export function writeRows(
  command: string,
  end: string,
  rows: readonly MeasuredRow[],
  machine: string,
): void {
  const [begin, last] = [`<!-- made by ${command} -->`, `<!-- ${end} -->`]
  const text = [
    begin,
    '',
    `Measured on ${machine}.`,
    '',
    '| what | measured | target |',
    '| --- | --- | --- |',
    ...rows.map(({ what, measured, target }) => `| ${what} | ${measured} | ${target} |`),
    '',
    last,
  ].join('\n')
  const page = readFileSync(file, 'utf8')
  const [from, to] = [page.indexOf(begin), page.indexOf(last)]
  if (from < 0 || to < from)
    throw new Error(`${file.pathname} lacks the marks ${begin} and ${last}`)
  writeFileSync(file, page.slice(0, from) + text + page.slice(to + last.length))
}
