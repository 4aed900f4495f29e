import type { PolicySimulation } from '@runwarden/api'
import { counted } from '@runwarden/report/view'
import { verdicts } from '../../ui/alarm.ts'
import { Failure } from '../../ui/Failure.tsx'
import { Nothing } from '../../ui/Section.tsx'
import { VerdictChip } from '../../ui/Chip.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { useControlPlane, useKnown } from '../control-plane.ts'

/** Runs that a policy is tried against. */
export const triedRuns = 50

type Refused = PolicySimulation['refused'][number]

const columns: readonly Column<Refused>[] = [
  {
    title: 'Now',
    cell: ({ verdict }) => <Verdict word={verdict} />,
    by: ({ verdict }) => verdict,
    tight: true,
  },
  {
    title: 'Destination',
    cell: ({ host, port, protocol, reason }) => (
      <>
        <Code
          value={port === null ? host : `${protocol === 'udp' ? 'udp://' : ''}${host}:${port}`}
          limit={120}
        />
        <div className="aside">
          {port === null && 'only looked up · '}
          <Text value={reason} limit={200} />
        </div>
      </>
    ),
    by: ({ host }) => host,
    wide: true,
  },
  { title: 'Was', cell: ({ was }) => <Text value={was.join(', ')} />, tight: true },
  { title: 'Runs', cell: ({ runs }) => runs, by: ({ runs }) => runs, number: true },
  { title: 'Newest of them', cell: ({ jobIds }) => <Jobs ids={jobIds} /> },
]

/** What a policy would have refused in the job's past runs. */
export function Simulated({ text }: { text: string }) {
  const tried = useKnown(['simulation', text], (plane) => plane.simulate(text, triedRuns))
  if (tried.error !== null)
    return <Failure error={tried.error} onRetry={() => void tried.refetch()} />
  if (tried.data === undefined) return <output className="aside">Simulating…</output>
  const { summary, refused, runs, truncatedRuns, warnings } = tried.data
  return (
    <div className="simulated">
      <output>
        {runs === 0 ? (
          'No run of this job has finished: there is nothing to try it against.'
        ) : (
          <>
            Against past runs it <strong>{summary}</strong>.
          </>
        )}
        {truncatedRuns > 0 &&
          ` ${counted(truncatedRuns, 'run')} had more destinations than are looked at.`}
      </output>
      {refused.length > 0 && (
        <DataTable
          caption="What it would have refused"
          columns={columns}
          rows={refused}
          rowKey={({ host, port, protocol }) => `${host} ${port} ${protocol}`}
        />
      )}
      {warnings.map((warning) => (
        <Nothing key={warning}>
          <Text value={warning} />
        </Nothing>
      ))}
    </div>
  )
}

function Verdict({ word }: { word: string }) {
  const verdict = verdicts.find((one) => one === word)
  return verdict === undefined ? (
    <Text value={word} limit={40} />
  ) : (
    <VerdictChip verdict={verdict} />
  )
}

function Jobs({ ids }: { ids: readonly string[] }) {
  const plane = useControlPlane()
  if (plane === null) return null
  return (
    <span className="inline">
      {ids.slice(0, 3).map((id, index) => (
        <plane.Link key={id} to={plane.paths.job(id)}>
          {index === 0 ? 'newest run' : `run before${index > 1 ? ` (${index})` : ''}`}
        </plane.Link>
      ))}
      {ids.length > 3 && <span className="aside">+{ids.length - 3}</span>}
    </span>
  )
}
