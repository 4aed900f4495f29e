import type { PolicyAttachment } from '@runwarden/api'
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

/** The policies of the store that hold for a repository's jobs. */
export function Policies({ org, repository }: { org: string; repository: string }) {
  const pages = usePages(['attachments', org], (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/policy-attachments', {
        params: {
          path: { org },
          query: { limit: 500, ...(after === undefined ? {} : { after }) },
        },
      }),
    ),
  )
  const rows = pages.rows.filter(
    (one) => one.repository === null || one.repository.toLowerCase() === repository.toLowerCase(),
  )
  return (
    <Section
      id="policies"
      title="Policies of the store"
      about="What a job names itself comes before these; the block list comes before all."
    >
      <Paged pages={pages} label="Policies are loading" lines={2}>
        {rows.length === 0 ? (
          <Nothing>
            None is attached here: a job’s own settings hold.{' '}
            <Link to={paths.policies(org)}>Policies</Link>
          </Nothing>
        ) : (
          <PagedTable
            caption="Policies of the store"
            columns={columnsFor(org)}
            rows={rows}
            rowKey={({ id }) => id}
            more={pages.more}
            moreComes={pages.moreComes}
          />
        )}
      </Paged>
    </Section>
  )
}

function Target({ attachment }: { attachment: PolicyAttachment }) {
  const { level, workflow, job } = attachment
  if (level === 'job')
    return (
      <>
        job <Text value={job ?? ''} limit={80} /> of <Text value={workflow ?? ''} limit={80} />
      </>
    )
  if (level === 'workflow') return <Text value={workflow ?? ''} limit={80} />
  if (level === 'repository') return 'this repository'
  return level === 'organisation' ? 'the organisation' : 'every organisation of the server'
}

const columnsFor = (org: string): readonly Column<PolicyAttachment>[] => [
  {
    title: 'Policy',
    wide: true,
    cell: ({ policy, level }) =>
      level === 'cluster' ? (
        <Text value={policy} limit={120} />
      ) : (
        <Link className="name" to={paths.policy(org, policy)}>
          <Text value={policy} limit={120} />
        </Link>
      ),
  },
  { title: 'For', cell: (one) => <Target attachment={one} /> },
  { title: 'Since', cell: ({ createdAt }) => <Time at={createdAt} /> },
]
