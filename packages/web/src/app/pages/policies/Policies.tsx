import type { PolicyHead } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import type { Column } from '../../../ui/DataTable.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Nothing } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { useMay } from '../../session/session.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Paged } from '../../states/Paged.tsx'

/** The policy store. */
export default function Policies() {
  const org = useOrganisation()
  const mayChange = useMay(org, 'editor')
  useTitle('Policies')
  useBreadcrumb([{ label: 'Policies' }])
  const policies = usePages(['policies', org], (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/policies', {
        params: { path: { org }, query: after === undefined ? {} : { after } },
      }),
    ),
  )
  return (
    <>
      <div className="heading">
        <h1>Policies</h1>
        {mayChange && (
          <Link className="button primary" to={paths.newPolicy(org)}>
            New policy
          </Link>
        )}
      </div>
      <Paged pages={policies} label="The policies are loading">
        {policies.rows.length === 0 ? (
          <Nothing>
            {org} has no policy in the store. Jobs have what their workflows say, or nothing: then
            everything passes and is recorded.
          </Nothing>
        ) : (
          <PagedTable
            caption="Policies"
            columns={columns(org)}
            rows={policies.rows}
            rowKey={({ id }) => id}
            more={policies.more}
            moreComes={policies.moreComes}
          />
        )}
      </Paged>
    </>
  )
}

/** What the table shows of each. */
const columns = (org: string): readonly Column<PolicyHead>[] => [
  {
    title: 'Policy',
    cell: ({ name }) => (
      <Link to={paths.policy(org, name)}>
        <Text value={name} />
      </Link>
    ),
    by: ({ name }) => name,
  },
  {
    title: 'Version',
    cell: ({ version }) => version,
    by: ({ version }) => version,
    number: true,
  },
  {
    title: 'Last change',
    cell: ({ reason, author, createdAt }) => (
      <>
        <Text value={reason} />
        <div className="by">
          <Time at={createdAt} /> by <Text value={author} />
        </div>
      </>
    ),
    by: ({ createdAt }) => createdAt,
    wide: true,
  },
  {
    title: 'Holds',
    cell: ({ attachments }) =>
      attachments === 0
        ? 'nowhere'
        : `in ${grouped(attachments)} ${attachments === 1 ? 'place' : 'places'}`,
    by: ({ attachments }) => attachments,
    tight: true,
  },
]
