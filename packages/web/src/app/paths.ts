/** Every address of the app is made here, and nowhere else: what links to a page names it by its function. */

/** What stands after the `?`; what is undefined, null or empty is left out. */
export type Query = Readonly<Record<string, string | number | null | undefined>>

const part = (value: string): string => encodeURIComponent(value)

/** `owner/name` as two parts of a path. */
const repositoryPath = (repository: string): string => repository.split('/').map(part).join('/')

function of(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(
    (one): one is [string, string | number] =>
      one[1] !== null && one[1] !== undefined && one[1] !== '',
  )
  if (given.length === 0) return path
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`
}

const inOrganisation =
  (rest: string) =>
  (org: string, query?: Query): string =>
    of(`/github/${part(org)}${rest}`, query)

export const paths = {
  home: (): string => '/',
  signIn: (query?: Query): string => of('/sign-in', query),
  overview: inOrganisation(''),
  repositories: inOrganisation('/repositories'),
  runs: inOrganisation('/runs'),
  detections: inOrganisation('/detections'),
  detection: (org: string, id: string, query?: Query): string =>
    of(`/github/${part(org)}/detections/${part(id)}`, query),
  suppressions: inOrganisation('/suppressions'),
  policies: inOrganisation('/policies'),
  newPolicy: inOrganisation('/policies/new'),
  policy: (org: string, policy: string, query?: Query): string =>
    of(`/github/${part(org)}/policies/${part(policy)}`, query),
  baselines: inOrganisation('/baselines'),
  blockList: inOrganisation('/block-list'),
  search: inOrganisation('/search'),
  destinations: inOrganisation('/destinations'),
  compare: inOrganisation('/compare'),
  installations: inOrganisation('/installations'),
  keys: inOrganisation('/settings/keys'),
  members: inOrganisation('/settings/members'),
  retention: inOrganisation('/settings/retention'),
  audit: inOrganisation('/settings/audit'),
  settings: inOrganisation('/settings'),
  /** @param repository `owner/name` */
  repository: (repository: string, query?: Query): string =>
    of(`/github/${repositoryPath(repository)}/actions`, query),
  run: (repository: string, run: string, query?: Query): string =>
    of(`/github/${repositoryPath(repository)}/actions/runs/${part(run)}`, query),
  job: (repository: string, run: string, job: string, query?: Query): string =>
    of(`/github/${repositoryPath(repository)}/actions/runs/${part(run)}/jobs/${part(job)}`, query),
  /** A job that is none of a repository's run. */
  looseJob: (org: string, job: string, query?: Query): string =>
    of(`/github/${part(org)}/jobs/${part(job)}`, query),
} as const

/** The same as the router matches them. */
export const patterns = {
  home: '/',
  signIn: '/sign-in',
  overview: '/github/:org',
  repositories: '/github/:org/repositories',
  runs: '/github/:org/runs',
  detections: '/github/:org/detections',
  detection: '/github/:org/detections/:detection',
  suppressions: '/github/:org/suppressions',
  policies: '/github/:org/policies',
  newPolicy: '/github/:org/policies/new',
  policy: '/github/:org/policies/:policy',
  baselines: '/github/:org/baselines',
  blockList: '/github/:org/block-list',
  search: '/github/:org/search',
  destinations: '/github/:org/destinations',
  compare: '/github/:org/compare',
  installations: '/github/:org/installations',
  keys: '/github/:org/settings/keys',
  members: '/github/:org/settings/members',
  retention: '/github/:org/settings/retention',
  audit: '/github/:org/settings/audit',
  settings: '/github/:org/settings',
  repository: '/github/:org/:repo/actions',
  run: '/github/:org/:repo/actions/runs/:run',
  job: '/github/:org/:repo/actions/runs/:run/jobs/:job',
  looseJob: '/github/:org/jobs/:job',
} as const satisfies Record<keyof typeof paths, string>
