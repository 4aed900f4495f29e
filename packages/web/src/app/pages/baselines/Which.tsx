import { useQuery } from '@tanstack/react-query'
import { Choice } from '../../../ui/Choice.tsx'
import { FilterText } from '../../../ui/FilterText.tsx'
import { api, ask } from '../../api.ts'
import type { Filters } from '../../filters.ts'

export const names = ['repository', 'workflow', 'job', 'runs', 'days'] as const

const runs = ['10', '30', '100', '300', '1000'] as const
const days = ['7', '30', '90', '365'] as const

const known = (all: readonly (string | null)[]): string[] =>
  [...new Set(all.filter((one) => one !== null))].toSorted()

/** Whose baseline, and how far back. */
export function Which({ org, filters }: { org: string; filters: Filters<(typeof names)[number]> }) {
  const { values, set, any, clear } = filters
  const { repository, workflow, job } = values
  // Jobs of late, from which workflows and jobs can be chosen.
  const late = useQuery({
    queryKey: ['jobs', org, repository],
    queryFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/jobs', {
          params: {
            path: { org },
            query: { limit: 200, ...(repository === null ? {} : { repository }) },
          },
        }),
      ),
  })
  const seen = late.data?.items ?? []
  const half = (workflow === null) !== (job === null)
  return (
    <>
      <fieldset className="filters">
        <legend className="unseen">Which jobs</legend>
        <FilterText
          label="Repository"
          placeholder="all of the organisation"
          value={repository}
          known={known(seen.map((one) => one.repository))}
          onWrite={(next) => set({ repository: next, workflow: null, job: null })}
        />
        {repository !== null && (
          <>
            <FilterText
              label="Workflow"
              placeholder="all"
              value={workflow}
              known={known(seen.map((one) => one.workflow))}
              onWrite={(next) => set({ workflow: next })}
            />
            <FilterText
              label="Job"
              placeholder="all"
              value={job}
              known={known(
                seen
                  .filter((one) => workflow === null || one.workflow === workflow)
                  .map((one) => one.job),
              )}
              onWrite={(next) => set({ job: next })}
            />
          </>
        )}
        <Choice
          label="Newest jobs"
          all="100"
          options={runs.filter((one) => one !== '100')}
          value={values.runs}
          onChoose={(next) => set({ runs: next })}
        />
        <Choice
          label="Days back"
          all="Any"
          options={days}
          value={values.days}
          onChoose={(next) => set({ days: next })}
        />
        {any && (
          <button type="button" onClick={clear}>
            Clear
          </button>
        )}
      </fieldset>
      {half && repository !== null && (
        <p className="about">
          Workflow and job go together: choose the other one, too. Until then all jobs of the
          repository are meant.
        </p>
      )}
    </>
  )
}
