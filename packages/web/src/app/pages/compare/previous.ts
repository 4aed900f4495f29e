import type { Job } from '@runwarden/api'
import { api, ask } from '../../api.ts'

/** Jobs of the repository that are looked through for the one before. */
const pages = 4

/** The run of the same job before this one; null: the server knows none. */
export async function previousOf(org: string, job: Job): Promise<string | null> {
  const { repository } = job
  if (repository === null) return null
  let after: string | null = job.id
  for (let page = 0; page < pages && after !== null; page++) {
    const answer: { items: Job[]; next: string | null } = await ask(
      api.GET('/v1/orgs/{org}/jobs', {
        params: { path: { org }, query: { repository, limit: 500, after } },
      }),
    )
    const found = answer.items.find(
      (one) => one.workflow === job.workflow && one.job === job.job && one.runId !== job.runId,
    )
    if (found !== undefined) return found.id
    after = answer.next
  }
  return null
}
