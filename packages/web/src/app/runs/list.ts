import { type Pages, usePages } from '../../ui/pages.ts'
import type { operations, Run } from '@runwarden/api'
import { api, ask } from '../api.ts'
import { given } from '../filters.ts'

type Asked = NonNullable<operations['getV1OrgsOrgRuns']['parameters']['query']>
/** What runs are looked for by; null: any. */
export type RunFilter = {
  [K in Exclude<keyof Asked, 'limit' | 'after' | 'from'>]?: Asked[K] | null
}

/** Runs that have a job like that. @param since gives when the list begins, milliseconds since 1970; asked at each question */
export const useRuns = (
  org: string,
  filter: RunFilter,
  since: { key: string; at: () => number | null } = { key: '', at: () => null },
): Pages<Run> =>
  usePages(['runs', org, filter, since.key], (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/runs', {
        params: { path: { org }, query: given({ ...filter, from: since.at(), limit: 50, after }) },
      }),
    ),
  )
