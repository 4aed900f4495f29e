import type { AppliedPolicy } from '@runwarden/api'
import { useMemo } from 'react'
import { counted, grouped } from '@runwarden/report/view'
import { VerdictChip } from '../../ui/Chip.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Failure } from '../../ui/Failure.tsx'
import { Nothing } from '../../ui/Section.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { type ControlPlane, useControlPlane, useKnown } from '../control-plane.ts'
import { Listed } from '../Listed.tsx'
import { levels } from '../policy/SourceLink.tsx'
import { refusedNames } from '../network/group.ts'
import { PolicyText } from '../policy/PolicyText.tsx'
import type { Rows } from '../rows.ts'
import { useJob, useReport } from '../source.ts'
import { useNarrowedRows } from '../whole.ts'
import { type Decided, decidedLines } from './decided.ts'
import { InForce } from './InForce.tsx'

const anyRow = (): boolean => true

/** The policy that held for the job, and where each of its lines came from. */
export default function Applied() {
  const plane = useControlPlane()
  const { facts } = useJob()
  const report = useReport().data ?? null
  return (
    <>
      <p className="about">
        {facts.egress === null
          ? 'Its mode is not known yet.'
          : facts.egress === 'block'
            ? 'Mode block: what no line allows is refused.'
            : 'Mode audit: what no line allows passes, and is told as would-block.'}{' '}
        The block list stands above every line, in every mode.
        {report !== null && report.policyFile !== null && (
          <>
            {' '}
            Its policy file: <Code value={report.policyFile} limit={200} />.
          </>
        )}
      </p>
      <DecidedLines />
      {plane !== null && (
        <>
          <InForce />
          <OfStore plane={plane} />
        </>
      )}
    </>
  )
}

const decidedColumns: readonly Column<Decided>[] = [
  {
    title: 'Verdict',
    cell: ({ verdicts }) => (
      <span className="inline">
        {verdicts.map((verdict) => (
          <VerdictChip key={verdict} verdict={verdict} />
        ))}
      </span>
    ),
    by: ({ verdicts }) => verdicts.join(' '),
    tight: true,
  },
  {
    title: 'Line',
    cell: ({ text, rule }) => (rule === null ? 'none' : <Code value={text} limit={200} />),
    by: ({ text }) => text,
    wide: true,
  },
  {
    title: 'Destinations',
    cell: ({ destinations }) => grouped(destinations),
    by: ({ destinations }) => destinations,
    number: true,
  },
  {
    title: 'Attempts',
    cell: ({ attempts }) => grouped(attempts),
    by: ({ attempts }) => attempts,
    number: true,
  },
  {
    title: 'From',
    cell: ({ from, place }) => (
      <>
        {from}
        {place !== '' && (
          <div className="aside">
            <Text value={place} limit={48} />
          </div>
        )}
      </>
    ),
    by: ({ from }) => from,
  },
]

/** The lines that decided something. */
function DecidedLines() {
  const list = useNarrowedRows('destinations', {}, anyRow)
  const names = useNarrowedRows('dns', {}, refusedName)
  const waiting = list.waiting || names.waiting
  const rows = useMemo(() => {
    return decidedLines([...list.rows, ...refusedNames(names.rows, list.rows)])
  }, [list.rows, names.rows])
  return (
    <section className="part" aria-labelledby="decided-title">
      <h3 id="decided-title">Lines that decided in this job</h3>
      <Listed
        list={{ ...list, rows: waiting ? [] : rows, waiting }}
        label="Lines that decided"
        none="No line decided anything: no destination was reached or tried."
        hooks={/cgroup|connect|sendmsg|egress/}
      >
        <DataTable
          caption="Lines that decided in this job"
          columns={decidedColumns}
          rows={rows}
          rowKey={({ rule }) => String(rule)}
        />
      </Listed>
    </section>
  )
}

const refusedName = ({ verdict }: Rows['dns']): boolean => verdict !== 'allowed'

/** The documents that the store gave the job. */
function OfStore({ plane }: { plane: ControlPlane }) {
  const { every } = useJob()
  const applied = useKnown(['applied', 'undefined'], (one) => one.applied(), { every })
  if (applied.error !== null)
    return <Failure error={applied.error} onRetry={() => void applied.refetch()} />
  if (applied.data === undefined) return <Skeleton label="Its policies are loading" lines={6} />
  const { policies, from } = applied.data
  return (
    <>
      <section className="part" aria-labelledby="given-title">
        <h3 id="given-title">From the policy store</h3>
        <Nothing>{asked[from]}</Nothing>
        {policies.length === 0 && from !== 'workflow' && (
          <Nothing>No policy of the store held for it.</Nothing>
        )}
        {policies.map(({ level, name, version, text }) => (
          <details key={level} className="given">
            <summary>
              {levels[level]}:{' '}
              <strong>
                <Text value={name} limit={80} />
              </strong>
              , version {version}, {counted(text.trimEnd().split('\n').length, 'line')}
            </summary>
            <p>
              <plane.Link to={plane.paths.policy(name, version)}>
                Open it in the policy store
              </plane.Link>
            </p>
            <PolicyText label={`Policy ${name}`} text={text} copy="Copy document" />
          </details>
        ))}
      </section>
    </>
  )
}

const asked: Readonly<Record<AppliedPolicy['from'], string>> = {
  name: 'The workflow asked for a policy of the store by its name.',
  store: 'The workflow asked for what the store has for this job.',
  workflow: 'The workflow asked for no policy of the store: all of it is the workflow’s own.',
}
