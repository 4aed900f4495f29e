import type { NameRange } from './name-maps.ts'

/** Ports of the one or the other. */
export function union(ranges: readonly NameRange[], more: readonly NameRange[]): NameRange[] {
  return [...ranges, ...more.filter((range) => !isWithin(range, ranges))]
}

/** Ports of both, by the rules of the first, for who may use both. */
export function intersection(
  ranges: readonly NameRange[],
  others: readonly NameRange[],
): NameRange[] {
  const common: NameRange[] = []
  for (const { rule, portFrom, portTo, narrowing } of ranges) {
    for (const other of others) {
      const narrower = bothNarrowings(narrowing, other.narrowing)
      if (narrower === null) continue
      const both = {
        rule,
        portFrom: Math.max(portFrom, other.portFrom),
        portTo: Math.min(portTo, other.portTo),
        narrowing: narrower,
      }
      if (both.portFrom <= both.portTo && !isWithin(both, common)) common.push(both)
    }
  }
  return common
}

/** The number for who fulfils both of two narrowings; null: there is none, it counts as nobody. */
export function bothNarrowings(one: number, other: number): number | null {
  if (one === 0 || one === other) return other
  return other === 0 ? one : null
}

function isWithin(range: NameRange, ranges: readonly NameRange[]): boolean {
  return ranges.some(
    ({ portFrom, portTo, narrowing }) =>
      (narrowing === 0 || narrowing === range.narrowing) &&
      portFrom <= range.portFrom &&
      portTo >= range.portTo,
  )
}
