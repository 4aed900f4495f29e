import type { SearchHit } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import { VerdictChips } from '../../ui/Chip.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Text } from '../../ui/Text.tsx'
import { Time } from '../../ui/Time.tsx'
import { Link } from '../Link.tsx'
import { paths } from '../paths.ts'
import { branchOf, jobPlace } from '../places.ts'

/** Jobs that had to do with something. @param tab of the job's page, where it is seen */
export const hitColumns = (org: string, tab: string | null): readonly Column<SearchHit>[] => [
  {
    title: 'Job',
    wide: true,
    cell: ({ job }) => (
      <>
        <Link className="name" to={jobPlace(org, job, { tab })}>
          <Text value={job.job ?? 'Job'} limit={120} />
        </Link>
        <div className="aside">
          <Text
            value={[
              job.workflow,
              job.runId === null ? null : `#${job.runId}`,
              job.ref && branchOf(job.ref),
            ]
              .filter((part) => part !== null && part !== '')
              .join(' · ')}
            limit={160}
          />
        </div>
      </>
    ),
  },
  {
    title: 'Repository',
    cell: ({ job: { repository } }) =>
      repository === null ? (
        <span className="unknown">none</span>
      ) : (
        <Link to={paths.repository(repository)}>
          <Text value={repository} limit={120} />
        </Link>
      ),
  },
  {
    title: 'Verdicts',
    cell: ({ verdicts }) =>
      verdicts.length === 0 ? (
        <span className="unknown">none</span>
      ) : (
        <VerdictChips verdicts={verdicts} />
      ),
  },
  { title: 'Times', number: true, cell: ({ count }) => grouped(count) },
  { title: 'First', tight: true, cell: ({ firstTime }) => <Time at={firstTime} /> },
  { title: 'Last', tight: true, cell: ({ lastTime }) => <Time at={lastTime} /> },
]
