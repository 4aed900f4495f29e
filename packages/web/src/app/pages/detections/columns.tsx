import type { InboxDetection } from '@runwarden/api'
import { plain } from '@runwarden/events/plain'
import type { Severity } from '@runwarden/events'
import { SeverityChip } from '../../../ui/Chip.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { jobPlace } from '../../places.ts'
import { StateChip } from './StateChip.tsx'

interface Given {
  org: string
  marked: ReadonlySet<string>
  toggle: (id: string) => void
  mayChange: boolean
}

export function columnsFor(given: Given): readonly Column<InboxDetection>[] {
  const { org, marked, toggle, mayChange } = given
  return [
    ...(mayChange
      ? [
          {
            title: 'Mark',
            tight: true,
            cell: ({ id, title }) => (
              <input
                type="checkbox"
                aria-label={`Mark ${plain(title, 120)}`}
                checked={marked.has(id)}
                onChange={() => toggle(id)}
              />
            ),
          } satisfies Column<InboxDetection>,
        ]
      : []),
    {
      title: 'Severity',
      tight: true,
      cell: ({ severity }) => <SeverityChip severity={severity as Severity} />,
    },
    {
      title: 'Detection',
      wide: true,
      cell: ({ id, title, detection }) => (
        <>
          <Link className="name" to={paths.detection(org, id)}>
            <Text value={title} limit={240} />
          </Link>
          <div className="aside">
            <Text value={detection} limit={80} />
          </div>
        </>
      ),
    },
    {
      title: 'Job',
      cell: ({ job, step }) => (
        <>
          <Link to={jobPlace(org, job, { tab: 'detections' })}>
            <Text value={job.job ?? 'Job'} limit={80} />
          </Link>
          <div className="aside">
            <Text
              value={[job.repository, job.workflow, step === null ? null : `step ${step}`]
                .filter((part) => part !== null)
                .join(' · ')}
              limit={160}
            />
          </div>
        </>
      ),
    },
    { title: 'State', tight: true, cell: ({ state }) => <StateChip state={state} /> },
    { title: 'When', cell: ({ time }) => <Time at={time} /> },
  ]
}
