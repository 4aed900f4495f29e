import type { Lab } from '@runwarden/lab'

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

/** Marks of the ways that are to lead somewhere. */
export function allowedOf(ways: readonly Way[]): string[] {
  return ways.filter(({ allowed }) => allowed).map(({ mark }) => mark)
}
