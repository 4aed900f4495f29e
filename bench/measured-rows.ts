import { writeSection } from './section.ts'

export interface MeasuredRow {
  what: string
  measured: string
  /** Empty: there is none. */
  target: string
}

/** Puts what was measured into docs/benchmarks.md. @param command what makes them */
export function writeRows(
  command: string,
  end: string,
  rows: readonly MeasuredRow[],
  machine: string,
): void {
  writeSection(command, end, [
    `Measured on ${machine}.`,
    '',
    '| what | measured | target |',
    '| --- | --- | --- |',
    ...rows.map(({ what, measured, target }) => `| ${what} | ${measured} | ${target} |`),
  ])
}
