import { grouped } from '@runwarden/report/view'
import { usePage } from './context.ts'

/** The run in a handful of numbers, each of which leads to what is behind it. */
export function Tiles() {
  const { report } = usePage()
  const of = (verdict: string): number =>
    report.destinations.filter((to) => to.verdict === verdict && !to.local).length
  const attacks =
    of('attack-blocked') + report.dns.filter((query) => query.verdict === 'attack-blocked').length
  const refusedNames = new Set(
    report.dns.filter((query) => query.verdict !== 'allowed').map((query) => query.name),
  ).size
  const blocked = of('blocked')
  const tiles: { text: string; count: number; to: string; tone?: string; always?: boolean }[] = [
    { text: 'on the block list', count: attacks, to: 'destinations', tone: 'blocked' },
    {
      text: 'destinations blocked',
      count: blocked,
      to: 'destinations',
      tone: 'blocked',
      always: report.egress === 'block',
    },
    {
      text: 'would be blocked',
      count: of('would-block'),
      to: 'destinations',
      tone: 'would',
      always: report.egress === 'audit',
    },
    {
      text: 'destinations allowed',
      count: of('allowed'),
      to: 'destinations',
      tone: 'allowed',
      always: true,
    },
    {
      text: report.egress === 'block' ? 'names refused' : 'names outside of the policy',
      count: refusedNames,
      to: 'dns',
      tone: 'would',
      always: true,
    },
    {
      text: 'detections',
      count: report.detections.length,
      to: 'detections',
      tone: 'blocked',
      always: true,
    },
    { text: 'processes', count: report.counts.processes, to: 'processes', always: true },
    { text: 'events recorded', count: report.counts.events, to: 'health', always: true },
  ]
  return (
    <ul className="tiles" aria-label="The run in numbers">
      {tiles
        .filter((tile) => tile.always === true || tile.count > 0)
        .map(({ text, count, to, tone }) => (
          <li key={text}>
            <a
              href={`#${to}`}
              className={count > 0 && tone !== undefined ? `tone-${tone}` : undefined}
            >
              <strong>{grouped(count)}</strong> <span>{text}</span>
            </a>
          </li>
        ))}
    </ul>
  )
}
