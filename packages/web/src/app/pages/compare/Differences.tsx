import { ApiError, type JobDifference } from '@runwarden/api'
import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useMemo, type ReactNode } from 'react'
import { counted, grouped } from '@runwarden/report/view'
import { VerdictChip } from '../../../ui/Chip.tsx'
import { ChoiceButtons } from '../../../ui/ChoiceButtons.tsx'
import { CopyButton } from '../../../ui/CopyButton.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { Failure } from '../../../ui/Failure.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { SearchBox } from '../../../ui/SearchBox.tsx'
import { Nothing } from '../../../ui/Section.tsx'
import { Skeleton } from '../../../ui/Skeleton.tsx'
import { Code } from '../../../ui/Text.tsx'
import { api, ask } from '../../api.ts'
import { useRouterAddress } from '../../router-address.ts'

const kinds = ['destinations', 'requests', 'programs', 'files'] as const
type Kind = (typeof kinds)[number]
const places = ['here', 'there', 'different', 'both'] as const
type Place = (typeof places)[number]

interface Props {
  org: string
  id: string
  /** Another job’s id, or `baseline`. */
  other: string
}

/** What one of two jobs had to do with, or both: kind by kind. */
export function Differences({ org, id, other }: Props) {
  const { get, set } = useRouterAddress()
  const isBaseline = other === 'baseline'
  const of = isBaseline
    ? 'destinations'
    : (kinds.find((kind) => kind === get('of')) ?? 'destinations')
  const place = places.find((one) => one === get('only')) ?? 'here'
  const search = get('search') ?? ''
  const words = useDeferredValue(search)
  const path = { org, id }
  const counts = useQuery({
    queryKey: ['comparison', org, id, other, of, 'counts'],
    queryFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/jobs/{id}/comparison', {
          params: { path, query: { with: other, of, limit: 1 } },
        }),
      ),
  })
  const list = usePages(
    ['comparison', org, id, other, of, place, words],
    (after: number | undefined) =>
      ask(
        api.GET('/v1/orgs/{org}/jobs/{id}/comparison', {
          params: {
            path,
            query: {
              with: other,
              of,
              only: place,
              limit: 500,
              after: after ?? 0,
              ...(words === '' ? {} : { search: words }),
            },
          },
        }),
      ),
    { like: 6 },
  )
  const columns = useMemo(
    () => columnsOf(of, isBaseline, counts.data?.runs ?? null),
    [of, isBaseline, counts.data],
  )
  if (counts.error instanceof ApiError || counts.error !== null)
    return <Failure error={counts.error} onRetry={() => void counts.refetch()} />
  return (
    <>
      {!isBaseline && (
        <nav className="tabs" aria-label="What is compared">
          <ul>
            {kinds.map((kind) => (
              <li key={kind}>
                <button
                  type="button"
                  className="tab-button"
                  aria-pressed={kind === of}
                  onClick={() =>
                    set({ of: kind === 'destinations' ? null : kind, only: null, search: null })
                  }
                >
                  {titles[kind]}
                </button>
              </li>
            ))}
          </ul>
        </nav>
      )}
      <div className="tools">
        <SearchBox
          label={`Search ${of}`}
          value={search}
          onChange={(value) => set({ search: value === '' ? null : value })}
          found={`${counted(list.rows.length, of.slice(0, -1))}${list.more === null ? '' : ' so far'}`}
        />
        <ChoiceButtons
          legend="Where"
          options={places}
          value={place}
          text={(one) => placeText(one, counts.data?.counts)}
          onPress={(one) => set({ only: one === 'here' ? null : one })}
        />
      </div>
      {counts.data?.isWhole === false && (
        <p className="notices">
          A job had to do with more than 100,000 of them: only those are compared, and what is in
          one job alone here may be in both.
        </p>
      )}
      <List
        empty={emptyOf(place, of, isBaseline && counts.data?.runs === 0, words)}
        waiting={list.waiting}
        error={list.error}
        again={list.again}
        some={list.rows.length > 0}
      >
        <PagedTable
          caption={`${titles[of]}: ${placeWords[place]}`}
          columns={columns}
          rows={list.rows}
          rowKey={({ what }) => what}
          more={list.more}
          moreComes={list.moreComes}
        />
      </List>
    </>
  )
}

type Counts = Readonly<Record<Place, number>>

/** A place, and how much is there once that is known. */
function placeText(place: Place, counts: Counts | undefined): ReactNode {
  return (
    <>
      {placeWords[place]}
      {counts !== undefined && <span className="count">{grouped(counts[place])}</span>}
    </>
  )
}

function List(props: {
  empty: string
  waiting: boolean
  error: Error | null
  again: () => void
  some: boolean
  children: ReactNode
}) {
  const { empty, waiting, error, again, some, children } = props
  if (some) return children
  if (waiting) return <Skeleton label="Differences" lines={8} />
  if (error !== null) return <Failure error={error} onRetry={again} />
  return <Nothing>{empty}</Nothing>
}

const titles: Readonly<Record<Kind, string>> = {
  destinations: 'Destinations',
  requests: 'Requests',
  programs: 'Programs',
  files: 'Files',
}
const placeWords: Readonly<Record<Place, string>> = {
  here: 'Only in A',
  there: 'Only in B',
  different: 'In both, differing',
  both: 'In both',
}

function emptyOf(place: Place, of: Kind, noPast: boolean, search: string): string {
  if (search !== '') return 'Nothing is like that.'
  if (noPast) return 'The server knows no finished run of this job before it: there is no baseline.'
  if (place === 'different') return `No ${of} that both had differ in verdict or number.`
  if (place === 'both') return `They have no ${of} in common.`
  return `No ${of} are ${place === 'here' ? 'only in A' : 'only in B'}.`
}

type Side = NonNullable<JobDifference['here']>

const verdictsDiffer = (a: Side, b: Side): boolean =>
  a.verdicts.toSorted().join() !== b.verdicts.toSorted().join()

const columnsOf = (
  of: Kind,
  isBaseline: boolean,
  runs: number | null,
): readonly Column<JobDifference>[] => [
  { title: 'Verdict in A', cell: ({ here }) => <Verdicts side={here} />, tight: true },
  {
    title: 'in A',
    cell: ({ here }) => numberOf(here),
    by: ({ here }) => here?.count ?? 0,
    number: true,
  },
  { title: 'Verdict in B', cell: ({ there }) => <Verdicts side={there} />, tight: true },
  {
    title: isBaseline ? 'Runs of B' : 'in B',
    cell: ({ there }) =>
      there !== null && isBaseline && runs !== null
        ? `${grouped(there.count)} of ${grouped(runs)}`
        : numberOf(there),
    by: ({ there }) => there?.count ?? 0,
    number: true,
  },
  {
    title: titles[of],
    cell: ({ what, here, there }) => (
      <>
        <Code value={what} limit={200} />
        {here !== null && there !== null && verdictsDiffer(here, there) && (
          <span className="tag">verdicts differ</span>
        )}
        {what.length > 200 && <CopyButton text={what} label="Copy whole" />}
      </>
    ),
    by: ({ what }) => what,
    wide: true,
  },
]

const numberOf = (side: Side | null): string => (side === null ? '–' : grouped(side.count))

function Verdicts({ side }: { side: Side | null }) {
  if (side === null) return <span className="unknown">not there</span>
  return (
    <>
      {side.verdicts.map((verdict) => (
        <div key={verdict}>
          <VerdictChip verdict={verdict} />
        </div>
      ))}
    </>
  )
}
