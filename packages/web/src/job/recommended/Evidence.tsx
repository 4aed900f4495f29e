import type { RecommendedPolicy } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { Time } from '../../ui/Time.tsx'
import { type ControlPlane, useControlPlane } from '../control-plane.ts'

type Line = RecommendedPolicy['evidence'][number]

const columnsOf = (plane: ControlPlane, runs: number): readonly Column<Line>[] => [
  {
    title: 'Line',
    cell: ({ host, port, protocol, names }) => (
      <>
        <Code value={`${protocol === 'udp' ? 'udp://' : ''}${host}:${port}`} limit={120} />
        {names.length > 0 && (
          <details>
            <summary>stands for {grouped(names.length)} names</summary>
            <ul className="plain">
              {names.slice(0, 200).map((name) => (
                <li key={name}>
                  <Code value={name} limit={120} />
                </li>
              ))}
            </ul>
          </details>
        )}
      </>
    ),
    by: ({ host }) => host,
    wide: true,
  },
  {
    title: 'Runs',
    cell: (line) => `${grouped(line.runs)} of ${grouped(runs)}`,
    by: (line) => line.runs,
    number: true,
  },
  {
    title: 'First',
    cell: ({ first }) => <Seen plane={plane} seen={first} />,
    by: ({ first }) => first.at,
    tight: true,
  },
  {
    title: 'Last',
    cell: ({ last }) => <Seen plane={plane} seen={last} />,
    by: ({ last }) => last.at,
    tight: true,
  },
  {
    title: 'Steps',
    cell: ({ steps }) => <Text value={steps.join(', ')} limit={120} />,
    by: ({ steps }) => steps[0] ?? '',
  },
  {
    title: 'Programs',
    cell: ({ programs }) => <Code value={programs.join(', ')} limit={160} />,
    by: ({ programs }) => programs[0] ?? '',
  },
]

/** What speaks for each line of a policy. */
export function Evidence({ evidence, runs }: { evidence: readonly Line[]; runs: number }) {
  const plane = useControlPlane()
  if (plane === null || evidence.length === 0) return null
  return (
    <section className="part" aria-labelledby="evidence-title">
      <h3 id="evidence-title">Evidence for each line</h3>
      <DataTable
        caption="Evidence for each line"
        columns={columnsOf(plane, runs)}
        rows={evidence}
        rowKey={({ host, port, protocol }) => `${protocol} ${host} ${port}`}
      />
    </section>
  )
}

function Seen({ plane, seen }: { plane: ControlPlane; seen: Line['first'] }) {
  return (
    <plane.Link to={plane.paths.job(seen.jobId)}>
      <Time at={seen.at} />
    </plane.Link>
  )
}
