import type { Job } from '@runwarden/api'
import { counted } from '@runwarden/report/view'
import { type Column, DataTable } from '../../../ui/DataTable.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { JobName } from './JobName.tsx'
import type { Part } from './OverviewPage.tsx'

/** Why a job was not protected, and what to do. */
function why({ protection, armed, egress }: Job): string {
  if (protection === 'unprotected')
    return 'Ran without: it could not be armed, and fail-mode: open let it run'
  if (protection === 'not-run') return 'Its command was not run: it could not be armed'
  if (armed === false) return 'Its agent could not arm'
  if (egress === 'audit') return 'Audit mode: it was watched, and nothing was blocked'
  return 'Nothing was heard of whether it is armed'
}

export function Unprotected({ org, overview }: Part) {
  const { jobs, newest, quietRepositories } = overview.unprotected
  return (
    <Section
      id="unprotected"
      title="Not protected"
      count={jobs}
      about="Jobs in which nothing would have been stopped, and repositories that ran nothing here."
    >
      {newest.length === 0 ? (
        <Nothing>Every job of the period was in block mode.</Nothing>
      ) : (
        <DataTable
          caption="Jobs not protected"
          columns={columnsFor(org)}
          rows={newest}
          rowKey={({ id }) => id}
        />
      )}
      {jobs > newest.length && (
        <p className="end">
          The newest {newest.length} of {counted(jobs, 'job')}.
        </p>
      )}
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
