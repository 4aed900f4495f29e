import type { InboxDetection, operations } from '@runwarden/api'
import { type Pages, usePages } from '../../../ui/pages.ts'
import { api, ask } from '../../api.ts'
import { given } from '../../filters.ts'
import { beginOf, type Period } from '../../period.ts'

type Asked = NonNullable<operations['getV1OrgsOrgDetections']['parameters']['query']>

/** What detections are looked for by; null: any. */
export type DetectionFilter = {
  [K in 'state' | 'detection' | 'severity' | 'repository' | 'suppression']: Asked[K] | null
}

export const states = ['open', 'acknowledged', 'suppressed', 'resolved'] as const

/** Detections of all jobs, the newest first. */
export const useDetections = (
  org: string,
  filter: DetectionFilter,
  period: Period | null,
): Pages<InboxDetection> =>
  usePages(['detections', org, filter, period], (before: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/detections', {
        params: {
          path: { org },
          query: given({
            ...filter,
            from: period === null ? null : beginOf(period),
            limit: 50,
            before,
          }),
        },
      }),
    ),
  )
