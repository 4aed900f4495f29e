import type { JobSummary } from '@runwarden/api'
import type { ControlPlane, Fresh } from '../../../job/control-plane.ts'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'

/** New destinations that are looked through; a job with more of them has a detection that says so. */
const mostFresh = 10_000

/** What the server of a job has beside its record, and does with policies. */
export function controlPlane(org: string, job: JobSummary, mayEdit: boolean): ControlPlane {
  const { id, repository, workflow, job: name } = job
  const path = { org, id }
  const past =
    repository === null || workflow === null || name === null
      ? null
      : { repository, workflow, job: name }
  const windowOf = (runs: number) => ({ ...past, runs })
  return {
    key: ['job', org, id],
    mayEdit,
    past,
    applied: (number) =>
      ask(
        api.GET('/v1/orgs/{org}/jobs/{id}/policy', {
          params: { path, query: number === undefined ? {} : { number } },
        }),
      ),
    why: (query) => ask(api.GET('/v1/orgs/{org}/jobs/{id}/why', { params: { path, query } })),
    fresh: () => freshOf(path),
    permissions: () => ask(api.GET('/v1/orgs/{org}/jobs/{id}/permissions', { params: { path } })),
    recommendation: (runs) =>
      ask(
        api.GET('/v1/orgs/{org}/recommendation', {
          params: { path: { org }, query: windowOf(runs) },
        }),
      ),
    async policies() {
      const { items } = await ask(
        api.GET('/v1/orgs/{org}/policies', { params: { path: { org }, query: { limit: 500 } } }),
      )
      return items
    },
    policy: (policy) =>
      ask(api.GET('/v1/orgs/{org}/policies/{policy}', { params: { path: { org, policy } } })),
    simulate: (text, runs) =>
      ask(
        api.POST('/v1/orgs/{org}/policy-simulations', {
          params: { path: { org } },
          body: { text, window: windowOf(runs) },
        }),
      ),
    save: (policy, body) =>
      ask(api.PUT('/v1/orgs/{org}/policies/{policy}', { params: { path: { org, policy } }, body })),
    paths: {
      contacted: (host) =>
        paths.search(org, /^[\d.]+$|:/.test(host) ? { address: host } : { host }),
      started: (hash) => paths.search(org, { hash }),
      policy: (policy, version) => paths.policy(org, policy, { version }),
      job: (other) => paths.looseJob(org, other),
      compare: (other) => paths.compare(org, { a: id, b: other }),
    },
    Link,
  }
}

async function freshOf(path: { org: string; id: string }): Promise<Fresh> {
  const destinations = new Set<string>()
  let runs = 0
  let after: number | null = 0
  while (after !== null && destinations.size < mostFresh) {
    const page: { items: { what: string }[]; next: number | null; runs: number | null } = await ask(
      api.GET('/v1/orgs/{org}/jobs/{id}/comparison', {
        params: { path, query: { with: 'baseline', only: 'here', limit: 500, after } },
      }),
    )
    for (const { what } of page.items) destinations.add(what)
    runs = page.runs ?? 0
    after = page.next
  }
  return { runs, destinations }
}
