import { duration, grouped, missing } from '@runwarden/report/view'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Section } from '../../ui/Section.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { usePage, type Page } from '../context.ts'

type Hook = Page['report']['health']['hooks'][number]

const columns: Column<Hook>[] = [
  { title: 'Hook', cell: (hook) => <Code value={hook.name} />, by: (hook) => hook.name },
  { title: 'Tier', cell: (hook) => hook.tier, by: (hook) => hook.tier },
  {
    title: 'State',
    cell: (hook) => <span className={`hook-${hook.state}`}>{hook.state}</span>,
    by: (hook) => hook.state,
  },
  { title: 'Why', cell: (hook) => <Text value={hook.reason} />, wide: true },
]

/** How well Runwarden itself could see. */
export function HealthSection() {
  const { report } = usePage()
  const { health, counts, leftOver } = report
  const lost = Object.values(health.eventsLost).reduce((sum, count) => sum + count, 0)
  const facts: [string, string][] = [
    ['Armed after', health.armedMs === null ? 'never' : duration(health.armedMs)],
    ['Events recorded', grouped(counts.events)],
    ['Events lost', grouped(lost)],
    ['Hooks active', grouped(health.hooks.filter((hook) => hook.state === 'active').length)],
    ['Hooks refused', grouped(health.hooks.filter((hook) => hook.state === 'refused').length)],
    ['Version', report.version],
  ]
  return (
    <Section
      id="health"
      title="Health"
      about={
        missing(report).length === 0
          ? 'Nothing is known to be missing from this report.'
          : 'Parts of this run are missing from this report: see the top of the page.'
      }
    >
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {leftOver.length > 0 && (
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
      )}
      {health.hooks.length > 0 && (
        <DataTable
          caption="Kernel hooks"
          columns={columns}
          rows={health.hooks}
          rowKey={(hook) => hook.name}
        />
      )}
    </Section>
  )
}
