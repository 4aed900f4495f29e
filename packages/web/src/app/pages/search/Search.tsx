import { ApiError, type SearchHit } from '@runwarden/api'
import { counted } from '@runwarden/report/view'
import { useState } from 'react'
import { Choice } from '../../../ui/Choice.tsx'
import { Failure } from '../../../ui/Failure.tsx'
import { Form } from '../../../ui/Form.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Nothing } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { api, ask } from '../../api.ts'
import { given, oneOf, useFilters } from '../../filters.ts'
import { hitColumns } from '../../hits/columns.tsx'
import { beginOf, periods, type Period, periodWords } from '../../period.ts'
import { PeriodFilter } from '../../PeriodFilter.tsx'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Paged } from '../../states/Paged.tsx'
import { guess, type Kind, kindNames, kinds } from './kinds.ts'
import { Syntax } from './Syntax.tsx'

const names = [...kindNames, 'period'] as const
const labels = kindNames.map((kind) => kinds[kind].label)

/** Which jobs had to do with something. */
export default function Search() {
  const org = useOrganisation()
  useTitle('Search')
  useBreadcrumb([{ label: 'Search' }])
  const { values, set } = useFilters(names)
  const asked = kindNames.find((kind) => values[kind] !== null)
  const value = asked === undefined ? '' : (values[asked] ?? '')
  const period = oneOf(periods, values.period)
  const [text, setText] = useState(value)
  const [kind, setKind] = useState<Kind>(asked ?? 'host')
  // The address asks for something else: by Back, or by an example.
  const [before, setBefore] = useState(value)
  if (before !== value) {
    setBefore(value)
    setText(value)
    if (asked !== undefined) setKind(asked)
  }
  const search = (next: Kind, what: string): void =>
    set({
      ...Object.fromEntries(kindNames.map((one) => [one, null])),
      [next]: what.trim() === '' ? null : what.trim(),
    })
  return (
    <>
      <div className="top">
        <h1>Search</h1>
      </div>
      <search aria-label="Across jobs">
        <Form className="filters" onSubmit={() => search(kind, text)}>
          <Choice
            label="What"
            options={labels}
            value={kinds[kind].label}
            onChoose={(label) =>
              setKind(kindNames.find((one) => kinds[one].label === label) ?? kind)
            }
          />
          <div className="grow">
            <label className="choice">
              <span>Which</span>
              <input
                type="search"
                value={text}
                placeholder={kinds[kind].example}
                spellCheck={false}
                autoComplete="off"
                maxLength={4096}
                onChange={({ target }) => {
                  setText(target.value)
                  setKind(guess(target.value.trim()) ?? kind)
                }}
              />
            </label>
          </div>
          <PeriodFilter label="When" value={period} onChoose={(next) => set({ period: next })} />
          <button className="primary">Search</button>
        </Form>
      </search>
      {asked === undefined ? (
        <Syntax onTry={search} />
      ) : (
        <Found org={org} kind={asked} value={value} period={period} />
      )}
    </>
  )
}

interface FoundProps {
  org: string
  kind: Kind
  value: string
  period: Period | null
}

function Found({ org, kind, value, period }: FoundProps) {
  const pages = usePages<SearchHit, number>(
    ['search', org, kind, value, period],
    (after: number | undefined) =>
      ask(
        api.GET('/v1/orgs/{org}/search', {
          params: {
            path: { org },
            query: given({
              [kind]: value,
              from: period === null ? null : beginOf(period),
              limit: 50,
              after,
            }),
          },
        }),
      ),
  )
  const { error, rows } = pages
  if (error instanceof ApiError && error.status === 400)
    return (
      <div className="listed">
        <p role="alert" className="nothing">
          This can’t be looked for: {kinds[kind].label.toLowerCase()}{' '}
          <Text value={error.where[0]?.problem ?? error.message} limit={300} />.{' '}
          {kinds[kind].syntax}
        </p>
      </div>
    )
  if (error !== null) return <Failure error={error} onRetry={pages.again} />
  return (
    <div className="listed">
      <Paged pages={pages} label="Jobs are looked for">
        {rows.length === 0 ? (
          <Nothing>
            No job {period === null ? '' : `of the last ${periodWords[period]} `}had to do with{' '}
            <Text value={value} limit={200} />, as far as jobs were watched and are still kept.
          </Nothing>
        ) : (
          <>
            <output className="found">
              {counted(rows.length, 'job')}
              {pages.more === null ? '' : ' so far'}, the newest first
            </output>
            <PagedTable
              caption="Jobs that were found"
              columns={hitColumns(org, kinds[kind].tab)}
              rows={rows}
              rowKey={({ job }) => job.id}
              more={pages.more}
              moreComes={pages.moreComes}
            />
          </>
        )}
      </Paged>
    </div>
  )
}
