import type { Me } from '../../session/session.ts'
import { type Column, DataTable } from '../../../ui/DataTable.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { useMe } from '../../session/session.ts'
import { AddOrganisation } from '../../shell/AddOrganisation.tsx'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useTitle } from '../../shell/title.ts'

/** Whose jobs the server takes. */
export default function Organisations() {
  const { operator, organisations } = useMe()
  useTitle('Organisations of the server')
  useBreadcrumb([{ label: 'Organisations' }])
  return (
    <>
      <h1>Organisations</h1>
      {!operator && (
        <p className="nothing">
          You may not see this: it is for the administrators of the server itself.
        </p>
      )}
      {operator && (
        <>
          <Section
            id="organisations"
            title="Known here"
            about="The server takes jobs of these owners of repositories, and of no others."
          >
            {organisations.length === 0 ? (
              <Nothing>None: the server takes no jobs yet.</Nothing>
            ) : (
              <DataTable
                caption="Organisations"
                columns={columns}
                rows={organisations}
                rowKey={({ id }) => id}
              />
            )}
          </Section>
          <Section id="add" title="Add one">
            <AddOrganisation />
          </Section>
        </>
      )}
    </>
  )
}

const columns: readonly Column<Me['organisations'][number]>[] = [
  {
    title: 'Organisation',
    cell: ({ name }) => (
      <Link className="name" to={paths.overview(name)}>
        <Text value={name} />
      </Link>
    ),
    by: ({ name }) => name,
    wide: true,
  },
  {
    title: 'Its members',
    cell: ({ name }) => <Link to={paths.members(name)}>Members and invitations</Link>,
  },
]
