import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Suppression } from '@runwarden/api'
import { counted, grouped } from '@runwarden/report/view'
import { plain } from '@runwarden/events/plain'
import { Confirm } from '../../../ui/Confirm.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Refused } from '../../../ui/Refused.tsx'
import { Nothing } from '../../../ui/Section.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { useMay } from '../../session/session.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Paged } from '../../states/Paged.tsx'

/** What is expected, and how much of it there is. */
export default function Suppressions() {
  const org = useOrganisation()
  useTitle('Suppressions')
  useBreadcrumb([{ label: 'Detections', to: paths.detections(org) }, { label: 'Suppressions' }])
  const queries = useQueryClient()
  const mayChange = useMay(org, 'editor')
  const pages = usePages(['suppressions', org, 'list'], (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/suppressions', {
        params: { path: { org }, query: after === undefined ? {} : { after } },
      }),
    ),
  )
  const remove = useMutation({
    mutationFn: (suppression: string) =>
      ask(
        api.DELETE('/v1/orgs/{org}/suppressions/{suppression}', {
          params: { path: { org, suppression } },
        }),
      ),
    onSuccess: () =>
      Promise.all(
        ['suppressions', 'detections'].map((key) =>
          queries.invalidateQueries({ queryKey: [key, org] }),
        ),
      ),
  })
  return (
    <>
      <div className="top">
        <h1>Suppressions</h1>
        <Link to={paths.detections(org)}>Detections</Link>
      </div>
      <p className="about">
        Detections that are expected: those that fit are not open, neither those that were found
        before nor those to come. When one of these is deleted, all that it has suppressed is open
        again.
      </p>
      <Refused error={remove.error} />
      <div className="listed">
        <Paged pages={pages} label="Suppressions are loading">
          {pages.rows.length === 0 ? (
            <Nothing>
              Nothing is suppressed. A detection that is expected is suppressed from the{' '}
              <Link to={paths.detections(org)}>inbox</Link>.
            </Nothing>
          ) : (
            <PagedTable
              caption="Suppressions"
              columns={columnsFor(org, mayChange, remove.mutate)}
              rows={pages.rows}
              rowKey={({ id }) => id}
              more={pages.more}
              moreComes={pages.moreComes}
            />
          )}
        </Paged>
      </div>
    </>
  )
}

const columnsFor = (
  org: string,
  mayChange: boolean,
  remove: (id: string) => void,
): readonly Column<Suppression>[] => [
  {
    title: 'What',
    wide: true,
    cell: ({ match }) => (
      <ul className="plain">
        {Object.entries(match).map(([key, pattern]) => (
          <li key={key}>
            <span className="aside">{key}</span> <Code value={pattern} limit={200} />
          </li>
        ))}
      </ul>
    ),
  },
  { title: 'Why', cell: ({ reason }) => <Text value={reason} limit={400} /> },
  {
    title: 'Suppresses',
    number: true,
    by: ({ detections }) => detections,
    cell: ({ id, detections }) => (
      <Link
        to={paths.detections(org, { state: 'suppressed', suppression: id })}
        aria-label={`${counted(detections, 'detection')} suppressed`}
      >
        {grouped(detections)}
      </Link>
    ),
  },
  {
    title: 'By',
    cell: ({ createdBy, createdAt }) => (
      <>
        <Text value={createdBy} limit={80} />
        <div className="aside">
          <Time at={createdAt} />
        </div>
      </>
    ),
  },
  {
    title: 'Until',
    cell: ({ expiresAt }) => (expiresAt === null ? 'it is deleted' : <Time at={expiresAt} />),
  },
  ...(mayChange
    ? [
        {
          title: 'Change',
          tight: true,
          cell: ({ id, reason, detections }) => (
            <Confirm
              label="Delete"
              of={`the suppression “${plain(reason, 60)}”`}
              onConfirm={() => remove(id)}
            >
              {counted(detections, 'detection')} will be open again.
            </Confirm>
          ),
        } satisfies Column<Suppression>,
      ]
    : []),
]
