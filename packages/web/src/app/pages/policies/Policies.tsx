import type { PolicyHead } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import type { Column } from '../../../ui/DataTable.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Nothing } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { Link } from '../../Link.tsx'
import { type Owner, useOwner } from '../../owner.ts'
import { useMay } from '../../session/session.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useTitle } from '../../shell/title.ts'
import { Paged } from '../../states/Paged.tsx'
import { policiesOf } from './asked.ts'
import { newPolicyAt, policyAt } from './places.ts'

/** The policy store. */
export default function Policies() {
  const owner = useOwner()
  const mayChange = useMay(owner, 'editor')
  useTitle('Policies')
  useBreadcrumb([{ label: 'Policies' }])
  const policies = usePages(['policies', owner], (after: string | undefined) =>
    policiesOf(owner, after),
  )
  return (
    <>
      <div className="heading">
        <h1>Policies</h1>
        {mayChange && (
          <Link className="button primary" to={newPolicyAt(owner)}>
            New policy
          </Link>
        )}
      </div>
      {owner === null && (
        <p className="about">
          Policies for the jobs of all organisations. Where an organisation, a repository or a job
          has one of its own, that stands before these.
        </p>
      )}
      <Paged pages={policies} label="The policies are loading">
        {policies.rows.length === 0 ? (
          <Nothing>
            {owner ?? 'The server'} has no policy in the store. Jobs have what their workflows
            {owner === null && ' and their organisations'} say, or nothing: then everything passes
            and is recorded.
          </Nothing>
        ) : (
          <PagedTable
            caption="Policies"
            columns={columns(owner)}
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
const columns = (owner: Owner): readonly Column<PolicyHead>[] => [
  {
    title: 'Policy',
    cell: ({ name }) => (
      <Link to={policyAt(owner, name)}>
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
