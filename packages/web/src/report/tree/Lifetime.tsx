import type { ReportNode } from '@runwarden/events'

export interface Span {
  from: number
  to: number
}

/** When the process lived within the run, as a bar. */
export function Lifetime({ node, span }: { node: ReportNode; span: Span }) {
  const share = (time: number): number =>
    Math.min(100, Math.max(0, ((time - span.from) / (span.to - span.from)) * 100))
  const left = share(node.startTime)
  const right = share(node.endTime ?? span.to)
  return (
    <span className="lifetime" aria-hidden="true">
      <span style={{ left: `${left}%`, width: `${Math.max(0.6, right - left)}%` }} />
    </span>
  )
}
