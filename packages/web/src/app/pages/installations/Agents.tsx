import type { SeenAgent } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import type { Column } from '../../../ui/DataTable.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { given } from '../../filters.ts'
import { Link } from '../../Link.tsx'
import { useLiveQueries } from '../../live-queries.ts'
import { paths } from '../../paths.ts'
import { Paged } from '../../states/Paged.tsx'

/** Machines whose agents were heard. */
export function Agents({ org }: { org: string }) {
  useLiveQueries(org, ['agents'], ['job'])
  const pages = usePages(['agents', org], (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/agents', {
        params: { path: { org }, query: given({ limit: 100, after }) },
      }),
    ),
  )
  return (
    <Section
      id="agents"
      title="Agents seen"
      about="Runners whose agents have reported here, those of the newest jobs first."
    >
      <Paged pages={pages} label="Agents are loading" lines={3}>
        {pages.rows.length === 0 ? (
          <Nothing>None yet. The first is here a moment after its job has started.</Nothing>
        ) : (
          <PagedTable
            caption="Agents"
            columns={columnsFor(org)}
            rows={pages.rows}
            rowKey={({ id }) => id}
            more={pages.more}
            moreComes={pages.moreComes}
          />
        )}
      </Paged>
    </Section>
  )
}

const columnsFor = (org: string): readonly Column<SeenAgent>[] => [
  {
    title: 'Runner',
    wide: true,
    by: ({ runnerName }) => runnerName ?? '',
    cell: ({ id, runnerName, runnerEnvironment }) => (
      <>
        <Link className="name" to={paths.looseJob(org, id)}>
          <Text value={runnerName ?? 'without a name'} limit={120} />
        </Link>
        {runnerEnvironment !== null && (
          <div className="aside">
            <Text value={runnerEnvironment} limit={60} />
          </div>
        )}
      </>
    ),
  },
  {
    title: 'System',
    cell: ({ runnerOs, runnerArch }) => (
      <Text value={[runnerOs, runnerArch].filter(Boolean).join(' ') || 'unknown'} limit={60} />
    ),
  },
  {
    title: 'Version',
    tight: true,
    cell: ({ version }) =>
      version === null ? (
        <span className="unknown">not heard</span>
      ) : (
        <Text value={version} limit={40} />
      ),
  },
  {
    title: 'Tier',
    tight: true,
    cell: ({ tier }) => <Text value={tier ?? 'unknown'} limit={20} />,
  },
  {
    title: 'Last job',
    tight: true,
    cell: ({ armed }) =>
      armed === null ? (
        <span className="unknown">not heard</span>
      ) : armed ? (
        <span className="word inbox-resolved">
          <span aria-hidden="true">✓ </span>armed
        </span>
      ) : (
        <span className="word word-failed">
          <span aria-hidden="true">× </span>not armed
        </span>
      ),
  },
  { title: 'Jobs', number: true, by: ({ jobs }) => jobs, cell: ({ jobs }) => grouped(jobs) },
  {
    title: 'Last heard',
    by: ({ lastSeen }) => lastSeen,
    cell: ({ lastSeen }) => <Time at={lastSeen} />,
  },
]
