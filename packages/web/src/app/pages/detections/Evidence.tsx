import type { InboxDetection } from '@runwarden/api'
import { counted } from '@runwarden/report/view'
import { DataTable, type Column } from '../../../ui/DataTable.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Code } from '../../../ui/Text.tsx'
import { Link } from '../../Link.tsx'
import { jobPlace } from '../../places.ts'

interface Row {
  seq: number | null
  about: InboxDetection['about'][number]
}

const list = (values: readonly string[]) =>
  values.length === 0 ? (
    <span className="unknown">–</span>
  ) : (
    values.map((value) => (
      <div key={value}>
        <Code value={value} limit={240} />
      </div>
    ))
  )

const columns: readonly Column<Row>[] = [
  { title: 'Event', number: true, cell: ({ seq }) => seq ?? '' },
  { title: 'Program', cell: ({ about }) => list(about.process) },
  {
    title: 'Destination',
    cell: ({ about }) => list(about.endpoint.length > 0 ? about.endpoint : about.host),
  },
  { title: 'File', cell: ({ about }) => list(about.file) },
]

/** The events that a detection rests on. */
export function Evidence({ org, found }: { org: string; found: InboxDetection }) {
  const { about, evidence, job } = found
  const rows = about.map((one, index) => ({ seq: evidence[index] ?? null, about: one }))
  return (
    <Section
      id="evidence"
      title="Evidence"
      count={evidence.length}
      about="The events of the job’s record behind it."
    >
      {rows.length === 0 ? (
        <Nothing>
          {evidence.length === 0
            ? 'It rests on no single event: it was found by comparing, or in the record itself.'
            : `It rests on ${counted(evidence.length, 'event')}, which are not at hand here.`}
        </Nothing>
      ) : (
        <DataTable
          caption="Events behind it"
          columns={columns}
          rows={rows}
          rowKey={({ seq }) => String(seq)}
        />
      )}
      <p className="end">
        <Link to={jobPlace(org, job, { tab: 'detections' })}>In the job, among what it did</Link>
      </p>
    </Section>
  )
}
