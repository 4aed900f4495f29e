import { duration, grouped } from '@runwarden/report/view'
import type { JobHealth } from '@runwarden/api'
import { plain } from '@runwarden/events/plain'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Fact, Facts } from '../../ui/Facts.tsx'
import { Failure } from '../../ui/Failure.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { absolute } from '../../ui/Time.tsx'
import { useHealth, useJob, useReport } from '../source.ts'

type Hook = JobHealth['hooks'][number]

const columns: readonly Column<Hook>[] = [
  {
    title: 'Hook',
    cell: (hook) => <Code value={hook.name} />,
    by: (hook) => hook.name,
    wide: true,
  },
  { title: 'Tier', cell: (hook) => hook.tier, by: (hook) => hook.tier, tight: true },
  {
    title: 'State',
    cell: (hook) => <span className={`hook-${hook.state}`}>{hook.state}</span>,
    by: (hook) => hook.state,
    tight: true,
  },
  { title: 'Why', cell: (hook) => <Text value={hook.reason} />, wide: true },
]

const tiers: Readonly<Record<JobHealth['tier'], string>> = {
  T0: 'T0: tracepoints, cgroup hooks and uprobes',
  T1: 'T1: the same, and fentry on security hooks',
  T2: 'T2: the same, and LSM programs that can deny',
  none: 'none: no hook is active',
}

/** How far this record can be trusted to be all that the job did. */
export default function Health() {
  const health = useHealth()
  if (health.data !== undefined) return <Told health={health.data} />
  if (health.isError) return <Failure error={health.error} onRetry={() => void health.refetch()} />
  return <Skeleton label="Data quality" lines={8} />
}

function Told({ health }: { health: JobHealth }) {
  const { facts, kind } = useJob()
  const lost = Object.entries({ ...facts.eventsLost, ...health.eventsLost }).filter(
    ([, count]) => count > 0,
  )
  const troubles = [
    ...(facts.protection === 'unprotected'
      ? [
          'The job ran without protection (fail-mode open): nothing was blocked, and what it did may be missing here.',
        ]
      : []),
    ...(facts.protection === 'not-run'
      ? ['The command was not run: its policy could not be enforced.']
      : []),
    ...(facts.tampered
      ? [
          'Somebody laid hands on what watches the job (agent-tampered, among its detections): what else was done may be missing here.',
        ]
      : []),
    ...(facts.state === 'silent' || facts.state === 'lost'
      ? ['The agent is not heard any more: what the job did since then is not known.']
      : []),
    ...(health.interrupted
      ? [
          'An agent before this one was killed: the record begins anew where the next one took over.',
        ]
      : []),
    ...lost.map(([what, count]) => `${grouped(count)} events were lost: ${plain(what, 80)}.`),
    ...health.gaps.map((gap) => plain(gap, 1_000)),
  ]
  const of = (state: Hook['state']): number =>
    health.hooks.filter((hook) => hook.state === state).length
  return (
    <>
      {troubles.length === 0 ? (
        <p className="about">Nothing is known to be missing from this record.</p>
      ) : (
        <ul className={facts.armed === false ? 'notices grave plain' : 'notices plain'}>
          {troubles.map((trouble) => (
            <li key={trouble}>{trouble}</li>
          ))}
        </ul>
      )}
      <Facts>
        <Fact title="Tier">{tiers[health.tier]}</Fact>
        <Fact title="Armed">
          {health.armedMs !== null
            ? `after ${duration(health.armedMs)}`
            : health.armedAt !== null
              ? absolute(health.armedAt)
              : 'never'}
        </Fact>
        <Fact title="Events recorded">{grouped(facts.events)}</Fact>
        <Fact title="Events lost">{grouped(lost.reduce((sum, [, count]) => sum + count, 0))}</Fact>
        <Fact title="Hooks active">{grouped(of('active'))}</Fact>
        <Fact title="Hooks refused">{grouped(of('refused'))}</Fact>
        {kind === 'server' && (
          <Fact title="Told by">
            {health.from === 'report'
              ? 'the agent’s report at the end'
              : 'what the agent has sent so far'}
          </Fact>
        )}
      </Facts>
      <Outlived />
      {health.hooks.length > 0 && (
        <DataTable
          caption="Kernel hooks"
          columns={columns}
          rows={health.hooks}
          rowKey={(hook) => hook.name}
        />
      )}
    </>
  )
}

/** Processes that were there when the command had ended. */
function Outlived() {
  const { data } = useReport()
  const leftOver = data?.leftOver ?? []
  if (leftOver.length === 0) return null
  return (
    <>
      <h3>Outlived the command</h3>
      <ul className="plain">
        {leftOver.map((process) => (
          <li key={process.pid}>
            <Code value={process.exe} /> (pid {process.pid}){' '}
            {process.ended ? 'was ended' : 'runs on'}
          </li>
        ))}
      </ul>
    </>
  )
}
