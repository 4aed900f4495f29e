import type { Run } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import type { Column } from '../../../ui/DataTable.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { Paged } from '../../states/Paged.tsx'

/** Runs that reached for something on the list. */
export function Hits({ org }: { org: string }) {
  const runs = usePages(['blocklist-hits', org], (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/runs', {
        params: {
          path: { org },
          query: {
            verdict: 'attack-blocked',
            limit: 20,
            ...(after === undefined ? {} : { after }),
          },
        },
      }),
    ),
  )
  return (
    <Section
      id="hits"
      title="Hits"
      about="Runs that tried to reach something on the list, newest first."
    >
      <Paged pages={runs} label="The hits are loading" lines={3}>
        {runs.rows.length === 0 ? (
          <Nothing>No run that is kept has tried to reach anything on the list.</Nothing>
        ) : (
          <PagedTable
            caption="Runs that hit the block list"
            columns={columns(org)}
            rows={runs.rows}
            rowKey={({ id }) => id}
            more={runs.more}
            moreComes={runs.moreComes}
          />
        )}
      </Paged>
    </Section>
  )
}

/** What the table shows of each. */
const columns = (org: string): readonly Column<Run>[] => [
  { title: 'Run', cell: (run) => <RunLink org={org} run={run} />, wide: true },
  {
    title: 'Began',
    cell: ({ startedAt }) => <Time at={startedAt} />,
    by: ({ startedAt }) => startedAt,
    tight: true,
  },
  {
    title: 'Attempts blocked',
    cell: ({ calls }) => grouped(calls['attack-blocked']),
    by: ({ calls }) => calls['attack-blocked'],
    number: true,
  },
]

function RunLink({ org, run }: { org: string; run: Run }) {
  const { id, repository, workflow, runId } = run
  if (repository === null || runId === null)
    return <Link to={paths.looseJob(org, id)}>A job of no repository</Link>
  return (
    <>
      <Link to={paths.run(repository, runId)}>
        <Text value={`${workflow ?? 'Run'} ${runId}`} limit={120} />
      </Link>
      <div className="by">
        <Text value={repository} />
      </div>
    </>
  )
}
