import type { ReactNode } from 'react'
import type { Severity } from '@runwarden/events'
import { counted, grouped } from '@runwarden/report/view'
import { SeverityChip, VerdictChip } from '../../../ui/Chip.tsx'
import { refusals, severities } from '../../../ui/alarm.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { periodWords } from '../../period.ts'
import type { Part } from './OverviewPage.tsx'

/** What is wrong, in order of alarm; each number leads to the list behind it. */
export function Alarms({ org, overview, period }: Part) {
  const open = overview.detections['open'] ?? {}
  const many = (severity: Severity): number => open[severity] ?? 0
  const refused = refusals.filter((verdict) => overview.calls[verdict] > 0)
  const { jobs, blocking, unprotected, unknown, gaps, auditing } = overview.coverage
  const { silent = 0, lost = 0 } = overview.states
  const rows: { what: string; wrong: boolean; well: string; found: ReactNode }[] = [
    {
      what: 'Open detections',
      wrong: severities.some((severity) => many(severity) > 0),
      well: 'None',
      found: severities
        .filter((severity) => many(severity) > 0)
        .map((severity) => (
          <Link key={severity} to={paths.detections(org, { state: 'open', severity, period })}>
            <SeverityChip severity={severity} /> <u>{grouped(many(severity))}</u>
          </Link>
        )),
    },
    {
      what: 'Refused calls',
      wrong: refused.length > 0,
      well: 'None was refused, or would have been',
      found: refused.map((verdict) => (
        <Link key={verdict} to={paths.runs(org, { verdict, period })}>
          <VerdictChip verdict={verdict} /> <u>{grouped(overview.calls[verdict])}</u>
        </Link>
      )),
    },
    {
      what: 'Jobs not protected',
      wrong: blocking !== jobs,
      well: 'Every job was in block mode',
      found: (
        <>
          {unprotected > 0 && (
            <a href="#unprotected">{counted(unprotected, 'job')} not protected</a>
          )}
          {auditing > 0 && (
            <Link to={paths.runs(org, { mode: 'audit', period })}>
              {counted(auditing, 'job')} only audited
            </Link>
          )}
          {unknown > 0 && (
            <Link to={paths.runs(org, { period })}>{counted(unknown, 'job')} not known</Link>
          )}
          {gaps > 0 && <a href="#unprotected">{counted(gaps, 'job')} with gaps in the record</a>}
        </>
      ),
    },
    {
      what: 'Silent agents',
      wrong: overview.silent.jobs > 0,
      well: 'None',
      found: (
        <>
          {silent > 0 && (
            <Link to={paths.runs(org, { state: 'silent', period })}>
              {counted(silent, 'job')} not heard any more
            </Link>
          )}
          {lost > 0 && (
            <Link to={paths.runs(org, { state: 'lost', period })}>
              {counted(lost, 'job')} ended without the agent
            </Link>
          )}
        </>
      ),
    },
  ]
  return (
    <ul className="alarms" aria-label={`What is wrong, of the last ${periodWords[period]}`}>
      {rows.map(({ what, wrong, well, found }) => (
        <li key={what}>
          <span className="what">{what}</span>
          {wrong ? (
            <span>{found}</span>
          ) : (
            <span className="well">
              <span aria-hidden="true">✓ </span>
              {well}
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}
