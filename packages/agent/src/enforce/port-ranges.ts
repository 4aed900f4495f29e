import { IPPROTO_TCP, IPPROTO_UDP } from './maps.ts'

/** Ports of one protocol that a rule allows. Inclusive. */
export interface PortRange {
  from: number
  to: number
  /** IPPROTO_TCP or IPPROTO_UDP. */
  protocol: number
  rule: number
}

/** Ranges without overlap, the first rule first where several allow a port; sorted by protocol and port. */
export function disjoint(ranges: readonly PortRange[]): PortRange[] {
  return [IPPROTO_TCP, IPPROTO_UDP].flatMap((protocol) => {
    const own = ranges.filter((range) => range.protocol === protocol)
    const starts = [...new Set(own.flatMap(({ from, to }) => [from, to + 1]))].sort((a, b) => a - b)
    const parts: PortRange[] = []
    for (const [index, from] of starts.entries()) {
      const to = (starts[index + 1] ?? from) - 1
      const rules = own
        .filter((range) => range.from <= from && from <= range.to)
        .map(({ rule }) => rule)
      if (rules.length === 0) continue
      const rule = rules.reduce((first, other) => Math.min(first, other))
      const last = parts.at(-1)
      if (last?.rule === rule && last.to === from - 1) last.to = to
      else parts.push({ from, to, protocol, rule })
    }
    return parts
  })
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
