import { useQuery } from '@tanstack/react-query'
import { useDeferredValue } from 'react'
import { api, ask } from '../api.ts'
import { paths } from '../paths.ts'
import { runPlace } from '../places.ts'
import { type Entry, isRunId } from './entries.ts'

/** Of each kind no more are shown. */
const most = 8

/** What an organisation's server knows by a name or number, as it comes. */
export function useFound(org: string | undefined, text: string): Entry[] {
  const asked = useDeferredValue(text)
  const repositories = useQuery({
    queryKey: ['repositories', org, 'like', asked],
    queryFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/repositories', {
          params: { path: { org: org ?? '' }, query: { like: asked, limit: most } },
        }),
      ),
    enabled: org !== undefined && asked !== '' && asked.length <= 200,
  })
  const runs = useQuery({
    queryKey: ['runs', org, 'numbered', asked],
    queryFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/runs', {
          params: { path: { org: org ?? '' }, query: { run: asked, limit: most } },
        }),
      ),
    enabled: org !== undefined && isRunId(asked),
  })
  // Of the text of a moment ago: who presses Enter now does not mean it.
  if (asked !== text) return []
  return [
    ...(runs.data?.items ?? []).map((run): Entry => {
      const { workflow, runId, runAttempt, repository } = run
      const attempt = runAttempt === null || runAttempt === '1' ? '' : ` attempt ${runAttempt}`
      return {
        kind: 'run',
        label: `${workflow ?? 'Run'} #${runId}${attempt} of ${repository ?? 'no repository'}`,
        to: runPlace(org ?? '', run, { attempt: attempt === '' ? null : runAttempt }),
      }
    }),
    ...(repositories.data?.items ?? []).map(({ repository }): Entry => ({
      kind: 'repository',
      label: repository,
      to: paths.repository(repository),
    })),
  ]
}
