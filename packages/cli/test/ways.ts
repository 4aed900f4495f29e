import type { Lab } from '@runwarden/lab'
import { expect } from 'vitest'

/** A way of trying to reach what a line of the policy allows to some only. */
export interface Way {
  /** The request's path, or what is sent. */
  mark: string
  allowed: boolean
  script: string
}

/** All of them, one after the other, whatever becomes of each. */
export function tryAll(ways: readonly Way[]): string {
  return [...ways.map(({ script }) => script), 'exit 0'].join('\n')
}

/** What the servers received, as text. */
export async function arrived(lab: Lab): Promise<string> {
  return (await lab.internet.records()).map(({ data }) => data.toString()).join('')
}

/** Those of the marks that arrived. */
export function arrivedOf(marks: readonly string[], records: string): string[] {
  const lines = records.split('\n')
  return marks.filter((mark) => records.includes(`GET /${mark} `) || lines.includes(mark))
}

/** Of all these ways, those and no others have led somewhere that are to. */
export function expectAllowedAlone(ways: readonly Way[], records: string): void {
  const marks = ways.map(({ mark }) => mark)
  const allowed = ways.filter((way) => way.allowed)
  expect(arrivedOf(marks, records)).toEqual(allowed.map(({ mark }) => mark))
}
