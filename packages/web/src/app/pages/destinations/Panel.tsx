import type { SearchHit } from '@runwarden/api'
import { CopyButton } from '../../../ui/CopyButton.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Nothing } from '../../../ui/Section.tsx'
import { Code } from '../../../ui/Text.tsx'
import { api, ask } from '../../api.ts'
import { given } from '../../filters.ts'
import { hitColumns } from '../../hits/columns.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { beginOf, type Period, periodWords } from '../../period.ts'
import { useRouterAddress } from '../../router-address.ts'
import { useMay } from '../../session/session.ts'
import { Paged } from '../../states/Paged.tsx'
import { Block } from './Block.tsx'

interface Props {
  org: string
  kind: 'host' | 'address'
  value: string
  period: Period
}

/** A destination: which jobs had to do with it, and what to do about it. */
export function Panel({ org, kind, value, period }: Props) {
  const mayChange = useMay(org, 'editor')
  const { href } = useRouterAddress()
  const pages = usePages<SearchHit, number>(
    ['search', org, kind, value, period],
    (after: number | undefined) =>
      ask(
        api.GET('/v1/orgs/{org}/search', {
          params: {
            path: { org },
            query: given({ [kind]: value, from: beginOf(period), limit: 20, after }),
          },
        }),
      ),
  )
  return (
    <section className="spot" aria-labelledby="spot-title">
      <div className="top">
        <h2 id="spot-title">
          <Code value={value} limit={300} />
        </h2>
        <Link stay to={href({ of: null })}>
          Close
        </Link>
      </div>
      <div className="buttons">
        {mayChange && <Block key={value} org={org} value={value} />}
        <CopyButton
          text={kind === 'address' && value.includes(':') ? `- "[${value}]:443"` : `- ${value}:443`}
          label="Copy as a line of a policy"
        />
        <Link className="button" to={paths.policies(org)}>
          Policies
        </Link>
        <Link className="button" to={paths.search(org, { [kind]: value })}>
          Jobs of all time
        </Link>
      </div>
      <h3>Jobs of the last {periodWords[period]}</h3>
      <Paged pages={pages} label="Jobs are loading" lines={3}>
        {pages.rows.length === 0 ? (
          <Nothing>No job of this time had to do with it.</Nothing>
        ) : (
          <PagedTable
            caption="Jobs"
            columns={hitColumns(org, 'network')}
            rows={pages.rows}
            rowKey={({ job }) => job.id}
            more={pages.more}
            moreComes={pages.moreComes}
          />
        )}
      </Paged>
    </section>
  )
}
