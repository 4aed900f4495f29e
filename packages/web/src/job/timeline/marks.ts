import { plain } from '@runwarden/events/plain'
import type { Rows } from '../rows.ts'
import { useFindings, useRows } from '../source.ts'

/** Something on the time axis. */
export interface Mark {
  key: string
  /** Milliseconds since 1970. */
  at: number
  step: string | null
  text: string
  tone: 'grave' | 'blocked' | 'would' | 'allowed'
  /** Where it leads to. */
  to: Readonly<Record<string, string>>
}

const tones = {
  'attack-blocked': 'grave',
  blocked: 'blocked',
  'would-block': 'would',
  allowed: 'allowed',
} as const

type Decided = Pick<Rows['dns'], 'n' | 'verdict' | 'firstTime' | 'programs'>

const markOf = (kind: string, tab: string, row: Decided, what: string): Mark[] =>
  row.firstTime === null
    ? []
    : [
        {
          key: `${kind} ${row.n}`,
          at: row.firstTime,
          step: row.programs[0]?.step ?? null,
          text: plain(`${what}: ${row.verdict}`, 200),
          tone: tones[row.verdict],
          to: { tab, search: what.replace(/:\d+$/, '') },
        },
      ]

/** So many of a kind: more could not be told apart. */
const most = 400

/** Detections, and when each destination and name outside of the policy was first seen. */
export function useMarks(): { marks: Mark[]; waiting: boolean } {
  const findings = useFindings()
  const destinations = useRows('destinations')
  const attacks = useRows('dns', { verdict: 'attack-blocked' })
  const blocked = useRows('dns', { verdict: 'blocked' })
  const lists = [findings, destinations, attacks, blocked]
  const marks = [
    ...destinations.rows
      .slice(0, most)
      .flatMap((row) =>
        markOf('net', 'network', row, `${row.host ?? row.addresses[0] ?? '?'}:${row.port}`),
      ),
    ...[...attacks.rows, ...blocked.rows]
      .slice(0, most)
      .flatMap((row) => markOf('dns', 'dns', row, row.name)),
    ...findings.rows
      .filter(({ suppressed }) => suppressed === null)
      .slice(0, most)
      .map((found): Mark => ({
        key: `found ${found.id}`,
        at: found.time,
        step: found.step,
        text: plain(found.title, 200),
        tone: 'grave',
        to: { tab: 'detections', detection: found.id },
      })),
  ]
  return { marks, waiting: lists.some(({ waiting }) => waiting) }
}
