import { useQuery } from '@tanstack/react-query'
import type { RecommendedPolicy } from '@runwarden/api'
import { counted, grouped } from '@runwarden/report/view'
import type { Column } from '../../../ui/DataTable.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Snippet } from '../../../ui/Snippet.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { Loaded } from '../../states/Loaded.tsx'
import type { Window } from './window.ts'

type Evidence = RecommendedPolicy['evidence'][number]

/** The smallest policy that these jobs would have needed, and why each line is in it. */
export function Recommended({ org, window }: { org: string; window: Window }) {
  const query = useQuery({
    queryKey: ['recommendation', org, window],
    queryFn: () =>
      ask(api.GET('/v1/orgs/{org}/recommendation', { params: { path: { org }, query: window } })),
  })
  return (
    <Section
      id="recommended"
      title="Recommended policy"
      about="The smallest that these jobs would have needed."
    >
      <Loaded query={query} label="The recommended policy is loading" lines={6}>
        {({ text, evidence, runs }) => (
          <>
            <Snippet label="The policy as YAML" text={text} />
            <p className="about">
              From {counted(runs, 'job')}. Try it on past jobs before it is saved:{' '}
              <Link to={paths.newPolicy(org)}>New policy</Link>
            </p>
            {evidence.length === 0 ? (
              <Nothing>Nothing needs to be allowed.</Nothing>
            ) : (
              <PagedTable
                caption="Evidence for each line"
                columns={columnsFor(org)}
                rows={evidence}
                rowKey={({ host, port, protocol }) => `${host} ${port} ${protocol}`}
              />
            )}
          </>
        )}
      </Loaded>
    </Section>
  )
}

const columnsFor = (org: string): readonly Column<Evidence>[] => [
  {
    title: 'Line',
    wide: true,
    by: ({ host }) => host,
    cell: ({ host, port, names }) => (
      <>
        <Code value={`${host}:${port}`} limit={200} />
        {names.length > 0 && (
          <div className="aside">
            for <Text value={names.join(', ')} limit={240} />
          </div>
        )}
      </>
    ),
  },
  {
    title: 'Jobs',
    number: true,
    by: ({ runs }) => runs,
    cell: ({ runs }) => grouped(runs),
  },
  {
    title: 'Programs',
    cell: ({ programs }) => <Text value={programs.join(', ')} limit={160} />,
  },
  { title: 'Steps', cell: ({ steps }) => <Text value={steps.join(', ')} limit={160} /> },
  {
    title: 'Last seen',
    by: ({ last }) => last.at,
    cell: ({ last }) => (
      <Link to={paths.looseJob(org, last.jobId)}>
        <Time at={last.at} />
      </Link>
    ),
  },
]
