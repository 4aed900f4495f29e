import { IPPROTO_TCP, IPPROTO_UDP } from './maps.ts'

/** Ports of one protocol that a rule allows. Inclusive. */
export interface PortRange {
  from: number
  to: number
  /** IPPROTO_TCP or IPPROTO_UDP. */
  protocol: number
  rule: number
  /** Of a narrowed line: what it is narrowed to. */
  narrowing?: number
  /** Where only narrowed lines allow the ports: all of them. */
  lines?: readonly NarrowedLine[]
}

export interface NarrowedLine {
  rule: number
  narrowing: number
}

/** Ranges without overlap, the first rule first where several allow a port; sorted by protocol and port. */
export function disjoint(ranges: readonly PortRange[]): readonly PortRange[] {
  const [only, another] = ranges
  // As nearly all are.
  if (only !== undefined && another === undefined && (only.narrowing ?? 0) === 0) return ranges
  return [IPPROTO_TCP, IPPROTO_UDP].flatMap((protocol) => {
    const own = ranges.filter((range) => range.protocol === protocol)
    const starts = [...new Set(own.flatMap(({ from, to }) => [from, to + 1]))].sort((a, b) => a - b)
    const parts: PortRange[] = []
    for (const [index, from] of starts.entries()) {
      const to = (starts[index + 1] ?? from) - 1
      const here = own.filter((range) => range.from <= from && from <= range.to)
      const rules = here.filter(({ narrowing = 0 }) => narrowing === 0).map(({ rule }) => rule)
      const last = parts.at(-1)
      if (here.length === 0) continue
      if (rules.length === 0) {
        parts.push({ from, to, protocol, rule: 0, lines: narrowedLines(here) })
        continue
      }
      const rule = rules.reduce((first, other) => Math.min(first, other))
      if (last?.rule === rule && last.lines === undefined && last.to === from - 1) last.to = to
      else parts.push({ from, to, protocol, rule })
    }
    return parts
  })
}

/** The first line of each narrowing. */
function narrowedLines(ranges: readonly PortRange[]): NarrowedLine[] {
  const lines = new Map<number, NarrowedLine>()
  for (const { rule, narrowing = 0 } of ranges.toSorted((a, b) => a.rule - b.rule))
    if (!lines.has(narrowing)) lines.set(narrowing, { rule, narrowing })
  return [...lines.values()]
}

/** A range of ports as prefixes of their 16 bits: at most 30. */
export function portPrefixes(from: number, to: number): { port: number; bits: number }[] {
  const prefixes: { port: number; bits: number }[] = []
  for (let port = from; port <= to;) {
    let size = 1
    while (port % (size * 2) === 0 && port + size * 2 - 1 <= to) size *= 2
    prefixes.push({ port, bits: 16 - Math.log2(size) })
    port += size
  }
  return prefixes
}
