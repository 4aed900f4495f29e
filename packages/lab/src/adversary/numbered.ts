import { attackersOf, type Attacker, type Row } from './case.ts'
import { rows } from './cases/index.ts'
import type { Numbered } from './steps.ts'

/** Every case with the number that its marks are made of. */
const all: readonly Numbered[] = rows
  .flatMap(({ cases }) => cases)
  .map((one, index) => ({ one, number: index + 1 }))

/** The cases that this attacker tries, of these rows; those that need a run of their own, or the others. */
export function casesFor(as: Attacker, alone: boolean, of: readonly Row[] = rows): Numbered[] {
  const wanted = new Set(of.flatMap(({ cases }) => cases))
  return all.filter(
    ({ one }) =>
      wanted.has(one) &&
      attackersOf(one).includes(as) &&
      one.elsewhere === undefined &&
      (one.alone ?? false) === alone,
  )
}
