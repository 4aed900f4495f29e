import type { Destination, Report } from '@runwarden/events'
import { placeOf } from '../address.ts'
import { byWeight } from '../order.ts'
import { grouped } from '../wording.ts'
import { code } from './escape.ts'
import { verdictMarks as marks } from './marks.ts'
import { rowsOf, type Sheet } from './sheet.ts'

/** Rows of one step, so that a flood in one hides no other. */
const mostOfStep = 40

/** One row: a destination of a step; a number: so many more of it. */
interface Row {
  step: { id: string | null; name: string }
  to: Destination | number
}

/** What each step reached or tried to, in the order of the steps. */
export function stepsSection(sheet: Sheet, report: Report, outside: readonly Destination[]): void {
  const reached = byStep(outside)
  const all = [...report.steps, { id: null, name: 'none' }].flatMap((step) => {
    const of = (reached.get(step.id) ?? []).toSorted(byWeight)
    const rows: Row[] = of.slice(0, mostOfStep).map((to) => ({ step, to }))
    if (of.length > mostOfStep) rows.push({ step, to: of.length - mostOfStep })
    return rows
  })
  sheet.table(
    '### Destinations by step',
    ['Step', 'Verdict', 'Destination', 'Programs'],
    rowsOf(all, ({ step: { id, name }, to }) => {
      const step = id === null ? name : code(name, 100) + (name === id ? '' : ` (${code(id, 100)})`)
      return typeof to === 'number'
        ? [step, '', `… and ${grouped(to)} more`, '']
        : [step, `${marks[to.verdict]} ${to.verdict}`, code(placeOf(to)), programs(to, id)]
    }),
    400,
  )
  if ((report.truncated['destinations.processes'] ?? 0) > 0)
    sheet.add(
      'Of destinations that many processes reached, the steps of the first ones are known.\n',
    )
}

/** Destinations by the steps of their processes; null: of no step. */
function byStep(destinations: readonly Destination[]): Map<string | null, Destination[]> {
  const reached = new Map<string | null, Destination[]>()
  for (const to of destinations)
    for (const step of new Set(to.processes.map((process) => process.step))) {
      const known = reached.get(step)
      if (known === undefined) reached.set(step, [to])
      else known.push(to)
    }
  return reached
}

/** The programs of one step that reached it. */
function programs(to: Destination, step: string | null): string {
  const names = new Set(
    to.processes.filter((one) => one.step === step).map(({ exe }) => exe.split('/').at(-1) ?? ''),
  )
  const shown = [...names].slice(0, 3).map((name) => code(name, 60))
  return shown.join(', ') + (names.size > 3 ? ` +${names.size - 3}` : '')
}
