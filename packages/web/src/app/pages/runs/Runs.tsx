import { severities, verdicts } from '../../../ui/alarm.ts'
import { Choice } from '../../../ui/Choice.tsx'
import { FilterText } from '../../../ui/FilterText.tsx'
import { Nothing } from '../../../ui/Section.tsx'
import { FilterBar } from '../../FilterBar.tsx'
import { type Filters, oneOf, useFilters } from '../../filters.ts'
import { Link } from '../../Link.tsx'
import { useLiveQueries } from '../../live-queries.ts'
import { paths } from '../../paths.ts'
import { beginOf, periods } from '../../period.ts'
import { PeriodFilter } from '../../PeriodFilter.tsx'
import { branchOf, refOf } from '../../places.ts'
import { useRuns } from '../../runs/list.ts'
import { RunTable } from '../../runs/RunTable.tsx'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import { Paged } from '../../states/Paged.tsx'

const names = [
  'repository',
  'workflow',
  'branch',
  'verdict',
  'detection',
  'severity',
  'mode',
  'state',
  'period',
  'from',
  'to',
] as const
type Name = (typeof names)[number]

const states = ['running', 'silent', 'lost', 'finished'] as const
const modes = ['block', 'audit'] as const

const timeOf = (text: string | null): number | null =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null

/** Runs of workflows as they happen. */
export default function Runs() {
  const org = useOrganisation()
  useTitle('Runs')
  useBreadcrumb([{ label: 'Runs' }])
  const filters = useFilters(names)
  const { repository, workflow, branch, detection, verdict, severity, mode, state } = filters.values
  const period = oneOf(periods, filters.values.period)
  const from = timeOf(filters.values.from)
  const pages = useRuns(
    org,
    {
      repository,
      workflow,
      ref: branch === null ? null : refOf(branch),
      detection,
      verdict: oneOf(verdicts, verdict),
      severity: oneOf(severities, severity),
      egress: oneOf(modes, mode),
      state: oneOf(states, state),
      to: timeOf(filters.values.to),
    },
    {
      key: `${period} ${from}`,
      at: () => (period === null ? from : beginOf(period)),
    },
  )
  useLiveQueries(org, ['runs'], ['job'])
  const known = (of: (run: (typeof pages.rows)[number]) => string | null): string[] =>
    [...new Set(pages.rows.flatMap((run) => of(run) ?? []))].toSorted()
  return (
    <>
      <div className="top">
        <h1>Runs</h1>
      </div>
      <Narrowing
        filters={filters}
        repositories={known((run) => run.repository)}
        workflows={known((run) => run.workflow)}
        branches={known((run) => (run.ref === null ? null : branchOf(run.ref)))}
      />
      <div className="listed">
        <Paged pages={pages} label="Runs are loading">
          {pages.rows.length > 0 ? (
            <RunTable org={org} pages={pages} />
          ) : filters.any ? (
            <Nothing>No run is like that.</Nothing>
          ) : (
            <Nothing>
              No job has reported here yet. <Link to={paths.installations(org)}>Installations</Link>{' '}
              says how jobs come to be watched.
            </Nothing>
          )}
        </Paged>
      </div>
    </>
  )
}

interface NarrowingProps {
  filters: Filters<Name>
  repositories: readonly string[]
  workflows: readonly string[]
  branches: readonly string[]
}

function Narrowing({ filters, repositories, workflows, branches }: NarrowingProps) {
  const { values, set } = filters
  const between = values.from !== null || values.to !== null
  return (
    <FilterBar filters={filters}>
      <FilterText
        label="Repository"
        placeholder="owner/name"
        value={values.repository}
        known={repositories}
        onWrite={(repository) => set({ repository })}
      />
      <FilterText
        label="Workflow"
        value={values.workflow}
        known={workflows}
        onWrite={(workflow) => set({ workflow })}
      />
      <FilterText
        label="Branch"
        value={values.branch}
        known={branches}
        onWrite={(branch) => set({ branch })}
      />
      <FilterText
        label="Detection"
        placeholder="reverse-shell"
        value={values.detection}
        onWrite={(detection) => set({ detection })}
      />
      <Choice
        label="Verdict"
        all="Any verdict"
        options={verdicts}
        value={oneOf(verdicts, values.verdict)}
        onChoose={(verdict) => set({ verdict })}
      />
      <Choice
        label="Severity"
        all="Any severity"
        options={severities}
        value={oneOf(severities, values.severity)}
        onChoose={(severity) => set({ severity })}
      />
      <Choice
        label="Mode"
        all="Any mode"
        options={modes}
        value={oneOf(modes, values.mode)}
        onChoose={(mode) => set({ mode })}
      />
      <Choice
        label="State"
        all="Any state"
        options={states}
        value={oneOf(states, values.state)}
        onChoose={(state) => set({ state })}
      />
      <PeriodFilter
        label="Started within"
        all={between ? 'As chosen' : 'Any time'}
        value={oneOf(periods, values.period)}
        onChoose={(period) => set({ period, from: null, to: null })}
      />
    </FilterBar>
  )
}
