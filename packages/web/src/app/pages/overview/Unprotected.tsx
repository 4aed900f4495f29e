import type { Job } from '@runwarden/api'
import { jobReliance } from '@runwarden/events/reliance'
import { counted } from '@runwarden/report/view'
import { type Column, DataTable } from '../../../ui/DataTable.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { JobName } from './JobName.tsx'
import { Newest } from './Newest.tsx'
import type { Part } from './OverviewPage.tsx'

/** Why a job was not protected, or not from its beginning to its end. */
function why(job: Job): string {
  const { state, words } = jobReliance(job)
  if (job.protection === 'unprotected')
    return 'Ran without: it could not be armed, and fail-mode: open let it run'
  if (job.protection === 'not-run') return 'Its command was not run: it could not be armed'
  if (state === 'audit') return 'Audit mode: it was watched, and nothing was blocked'
  return words
}

export function Unprotected({ org, overview }: Part) {
  const { jobs, newest, quietRepositories } = overview.unprotected
  const { coverage } = overview
  return (
    <Section
      id="unprotected"
      title="Not protected"
      count={jobs}
      about="Jobs in which something could have passed that would have been stopped, or unseen, and repositories that ran nothing here."
    >
      {newest.length === 0 ? (
        <Nothing>
          {coverage.blocking === coverage.jobs
            ? 'Every job of the period was in block mode.'
            : `No job is known to be; of ${counted(coverage.unknown, 'job')} it is not known yet.`}
        </Nothing>
      ) : (
        <DataTable
          caption="Jobs not protected"
          columns={columnsFor(org)}
          rows={newest}
          rowKey={({ id }) => id}
        />
      )}
      <Newest shown={newest.length} of={jobs} />
      {quietRepositories.length > 0 && (
        <p className="prose">
          No job in this time, but before:{' '}
          {quietRepositories.map((repository, index) => (
            <span key={repository}>
              {index > 0 && ', '}
              <Link to={paths.repository(repository)}>
                <Text value={repository} limit={120} />
              </Link>
            </span>
          ))}
        </p>
      )}
    </Section>
  )
}

const columnsFor = (org: string): readonly Column<Job>[] => [
  { title: 'Job', wide: true, cell: (job) => <JobName org={org} job={job} /> },
  { title: 'Why', cell: (job) => why(job), by: why },
  {
    title: 'Started',
    by: ({ startedAt }) => startedAt,
    cell: ({ startedAt }) => <Time at={startedAt} />,
  },
]
