import type { Verdict } from '@runwarden/events'
import type { Program, Rows } from '../rows.ts'
import { alarm, grouped, type Group } from './group.ts'

/** What destinations can be put together by, beside themselves. */
export const groupings = ['step', 'program', 'process'] as const
export type Grouping = (typeof groupings)[number]

type Row = Rows['destinations']

/** Of a destination a server names so many processes, the first ones. */
export const mostProcesses = 20

/** Destinations that one step, program or process reached or tried to. */
export interface NetworkSection {
  /** Of a process its identity; null: it is not known who it was. */
  name: string | null
  groups: readonly Group[]
  /** How many of them have each verdict as their worst. */
  verdicts: Readonly<Partial<Record<Verdict, number>>>
}

/** A line of the list: a destination in one of the sections that have it. */
export interface Placed {
  key: string
  /** null: the list has no sections. */
  section: NetworkSection | null
  group: Group
  /** Others reached it too: what is told of how often is of all of them. */
  shared: boolean
}

/** The list without sections. */
export const unplaced = (groups: readonly Group[]): Placed[] =>
  groups.map((group) => ({ key: group.key, section: null, group, shared: false }))

/**
 * Destinations below who reached them: steps in the order in which they first reached something, programs and processes by alarm. What several
 * reached stands below each, by what each of them met there.
 * @param asked those of `refusedNames`
 * @param keep whether a destination is asked for
 */
export function placed(
  rows: readonly Row[],
  asked: readonly Row[],
  by: Grouping,
  keep: (group: Group) => boolean,
): Placed[] {
  const common = new Set<Row>()
  const found = new Map<string | null, { rows: Row[]; asked: Row[] }>()
  for (const [kind, list] of [
    ['rows', rows],
    ['asked', asked],
  ] as const)
    for (const row of list) {
      const owners = ownersOf(row, by)
      for (const [name, programs] of owners) {
        const own = { ...row, programs }
        if (owners.size > 1 || (by === 'process' && hasMore(row))) common.add(own)
        const known = found.get(name)
        if (known === undefined) found.set(name, { rows: [], asked: [], [kind]: [own] })
        else known[kind].push(own)
      }
    }
  return [...found]
    .map(([name, own]) => sectionOf(name, grouped(own.rows, own.asked).filter(keep)))
    .filter(({ groups }) => groups.length > 0)
    .toSorted((a, b) => Number(a.name === null) - Number(b.name === null) || first[by](a, b))
    .flatMap((section) =>
      section.groups.map((group) => ({
        key: `${section.name ?? ''}\n${group.key}`,
        section,
        group,
        shared: group.rows.some((row) => common.has(row)),
      })),
    )
}

/** Whether other processes than those that it names may have reached it. */
export const hasMore = ({ processes }: Pick<Row, 'processes'>): boolean =>
  processes.length >= mostProcesses

const nameOf: Record<Grouping, (program: Program) => string | null | undefined> = {
  step: ({ step }) => step,
  program: ({ exe }) => exe,
  process: ({ execId }) => execId,
}

/** A row's programs by the name that they are put together by. */
function ownersOf({ programs, processes }: Row, by: Grouping): Map<string | null, Program[]> {
  const owners = new Map<string | null, Program[]>()
  for (const program of by === 'process' ? processes : programs) {
    const name = nameOf[by](program) || null
    owners.set(name, [...(owners.get(name) ?? []), program])
  }
  return owners.size === 0 ? new Map([[null, []]]) : owners
}

function sectionOf(name: string | null, groups: readonly Group[]): NetworkSection {
  const verdicts: Partial<Record<Verdict, number>> = {}
  for (const {
    verdicts: [worst = 'allowed'],
  } of groups)
    verdicts[worst] = (verdicts[worst] ?? 0) + 1
  return { name, groups, verdicts }
}

const beginOf = ({ groups }: NetworkSection): number =>
  Math.min(...groups.map(({ firstSeq }) => firstSeq))

/** A section's destinations are in order of alarm: its first is its worst. */
const alarmOf = ({ groups: [worst] }: NetworkSection): number =>
  worst === undefined ? 0 : alarm(worst)

const byAlarm = (a: NetworkSection, b: NetworkSection): number =>
  alarmOf(a) - alarmOf(b) || beginOf(a) - beginOf(b)

const first: Record<Grouping, (a: NetworkSection, b: NetworkSection) => number> = {
  step: (a, b) => beginOf(a) - beginOf(b),
  program: byAlarm,
  process: byAlarm,
}
