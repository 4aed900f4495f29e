import { routeUrl } from '@runwarden/api/route-url'
import type { JobServer, Recommendation } from '@runwarden/events'
import type { JobRecommendation } from '@runwarden/events/control-plane'
import { messageOf } from '../errors.ts'
import { ask } from './ask.ts'

/** The action's last stage waits for it, when all else is done. */
const patienceMs = 1_500
/** Characters of a policy: the action takes no longer answer. */
const longest = 1 << 18

/** What a control plane that has all of a job recommends for it; it is asked once, and not waited for long. */
export async function recommendationOf({
  url,
  jobId,
  token,
}: Pick<JobServer, 'url' | 'jobId' | 'token'>): Promise<Recommendation> {
  const signal = AbortSignal.timeout(patienceMs)
  try {
    const { body } = await ask(routeUrl(url, '/v1/jobs/{id}/recommendation', { id: jobId }), {
      token,
      signal,
    })
    const { text, earlierRuns } = JSON.parse(body.toString()) as Partial<JobRecommendation>
    if (typeof text !== 'string' || text.length > longest || !Number.isSafeInteger(earlierRuns))
      throw new Error(`${url} answered something that is no recommendation`)
    return { text, earlierRuns: earlierRuns ?? 0 }
  } catch (error) {
    const late = `${url} did not answer within ${patienceMs / 1_000} s`
    return { failure: signal.aborted ? late : messageOf(error) }
  }
}
