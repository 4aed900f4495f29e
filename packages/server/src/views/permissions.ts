import type { EventOf } from '@runwarden/events'
import {
  githubCall,
  githubHosts,
  MinimumPermissions,
  type TokenCall,
} from '@runwarden/policy/github'
import type { Database } from '../db/database.ts'
import type { SegmentStore } from '../ingest/segment-store.ts'
import { timelinePage } from './timeline.ts'

type Told = EventOf<'http.request'> | EventOf<'http.response'>

/** Requests and responses of a running job that are looked at. */
const most = 20_000

/**
 * What a running job's token has needed until now, of the requests that were read.
 * @returns `permissions:` of a workflow, null where no request was read; and whether there were more than are looked at
 */
export async function permissionsSoFar(
  index: Database,
  store: SegmentStore,
  jobId: string,
  repository: string | null,
): Promise<{ minimumPermissions: string | null; calls: TokenCall[]; isCut: boolean }> {
  const { items, next } = await timelinePage(index, store, jobId, {
    after: { segment: 0, line: 0 },
    limit: most,
    kinds: ['http.request', 'http.response'],
    from: 0,
  })
  const requests = new Map<number, EventOf<'http.request'>>()
  const minimum = new MinimumPermissions(() => repository)
  const hosts = githubHosts({})
  const add = (
    { method, host, path, gitService, authorization }: EventOf<'http.request'>,
    mutations: readonly string[] | null,
    repositories: readonly string[] = [],
  ): void => {
    const call = githubCall({ method, host, path, gitService, mutations, repositories }, hosts)
    if (call !== null) minimum.add(call, authorization, 1, [])
  }
  for (const event of items as Told[]) {
    if (event.kind === 'http.request') requests.set(event.seq, event)
    else {
      const request = requests.get(event.request)
      if (request === undefined || request.authorization === null) continue
      add(request, event.mutations, event.repositories)
      requests.delete(event.request)
    }
  }
  // Their responses have not come, or were not read.
  for (const request of requests.values()) if (request.authorization !== null) add(request, null)
  const seen = items.length > 0
  return {
    minimumPermissions: seen ? minimum.block([]) : null,
    calls: seen ? minimum.calls() : [],
    isCut: next !== null,
  }
}
