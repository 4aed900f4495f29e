import type { AuditEntry } from '@runwarden/api'
import type { Column } from '../../../ui/DataTable.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { useOwner } from '../../owner.ts'
import { Paged } from '../../states/Paged.tsx'
import { Frame } from './Frame.tsx'

/** Who changed what: in an organisation, or of the server itself. */
export default function Audit() {
  const owner = useOwner()
  const entries = usePages(['audit', owner], (after: string | undefined) => {
    const query = after === undefined ? {} : { after }
    return owner === null
      ? ask(api.GET('/v1/audit', { params: { query } }))
      : ask(api.GET('/v1/orgs/{org}/audit', { params: { path: { org: owner }, query } }))
  })
  return (
    <Frame title="Audit log">
      <Section
        id="entries"
        title="Changes"
        about="Newest first. Nothing changes an entry, and nobody can delete one."
      >
        <Paged pages={entries} label="The audit log is loading" lines={12}>
          {entries.rows.length === 0 ? (
            <Nothing>Nothing was changed yet.</Nothing>
          ) : (
            <PagedTable
              caption="Changes"
              columns={columns}
              rows={entries.rows}
              rowKey={({ id }) => id}
              more={entries.more}
              moreComes={entries.moreComes}
            />
          )}
        </Paged>
      </Section>
    </Frame>
  )
}

/** What the table shows of each. */
const columns: readonly Column<AuditEntry>[] = [
  { title: 'When', cell: ({ at }) => <Time at={at} />, by: ({ at }) => at, tight: true },
  { title: 'Who', cell: ({ actor }) => <Text value={actor} />, by: ({ actor }) => actor },
  {
    title: 'Did',
    cell: ({ action }) => <Code value={action} />,
    by: ({ action }) => action,
    tight: true,
  },
  { title: 'To', cell: ({ subject }) => <Text value={subject} />, by: ({ subject }) => subject },
  {
    title: 'From',
    cell: ({ address }) => (address === null ? 'not known' : <Code value={address} />),
    by: ({ address }) => address ?? '',
    tight: true,
  },
  { title: 'Detail', cell: ({ detail }) => <Detail of={detail} />, wide: true },
]

function Detail({ of }: { of: AuditEntry['detail'] }) {
  const parts = Object.entries(of).filter(([, value]) => value !== null)
  if (parts.length === 0) return <span className="unknown">none</span>
  return (
    <>
      {parts.map(([name, value]) => (
        <div key={name}>
          {name}: <Code value={typeof value === 'string' ? value : JSON.stringify(value)} />
        </div>
      ))}
    </>
  )
}
