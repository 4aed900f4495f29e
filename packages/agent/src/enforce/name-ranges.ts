import type { NameRange } from './name-maps.ts'

/** Ports of the one or the other. */
export function union(ranges: readonly NameRange[], more: readonly NameRange[]): NameRange[] {
  return [...ranges, ...more.filter((range) => !isWithin(range, ranges))]
}

/** Ports of both, by the rules of the first. */
export function intersection(
  ranges: readonly NameRange[],
  others: readonly NameRange[],
): NameRange[] {
  const common: NameRange[] = []
  for (const { rule, portFrom, portTo } of ranges) {
    for (const other of others) {
      const both = {
        rule,
        portFrom: Math.max(portFrom, other.portFrom),
        portTo: Math.min(portTo, other.portTo),
      }
      if (both.portFrom <= both.portTo && !isWithin(both, common)) common.push(both)
    }
  }
  return common
}

function isWithin(range: NameRange, ranges: readonly NameRange[]): boolean {
  return ranges.some(({ portFrom, portTo }) => portFrom <= range.portFrom && portTo >= range.portTo)
}
