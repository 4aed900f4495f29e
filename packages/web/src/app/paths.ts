/**
 * Every address of the app is made here, and nowhere else: what links to a page names it by its function.
 * A repository's pages are below its name at GitHub; an organisation's are apart, so that no repository's name is one of theirs.
 */

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
    of(`/orgs/${part(org)}${rest}`, query)

const inServer =
  (rest: string) =>
  (query?: Query): string =>
    of(`/server${rest}`, query)

/** Whether a page is about the server itself, for its administrators. */
export const isOfServer = (pathname: string): boolean => /^\/server(?:\/|$)/.test(pathname)

export const paths = {
  home: (): string => '/',
  signIn: (query?: Query): string => of('/sign-in', query),
  /** The one page at an address of the API: links to it are sent by mail. */
  invitation: (query?: Query): string => of('/v1/sign-in/invitation', query),
  overview: inOrganisation(''),
  repositories: inOrganisation('/repositories'),
  runs: inOrganisation('/runs'),
  detections: inOrganisation('/detections'),
  detection: (org: string, id: string, query?: Query): string =>
    of(`/orgs/${part(org)}/detections/${part(id)}`, query),
  suppressions: inOrganisation('/suppressions'),
  policies: inOrganisation('/policies'),
  newPolicy: inOrganisation('/new-policy'),
  policy: (org: string, policy: string, query?: Query): string =>
    of(`/orgs/${part(org)}/policies/${part(policy)}`, query),
  baselines: inOrganisation('/baselines'),
  blockList: inOrganisation('/block-list'),
  search: inOrganisation('/search'),
  destinations: inOrganisation('/destinations'),
  compare: inOrganisation('/compare'),
  installations: inOrganisation('/installations'),
  keys: inOrganisation('/settings/keys'),
  members: inOrganisation('/settings/members'),
  retention: inOrganisation('/settings/retention'),
  sessions: inOrganisation('/settings/sessions'),
  audit: inOrganisation('/settings/audit'),
  settings: inOrganisation('/settings'),
  server: inServer(''),
  serverBlockList: inServer('/block-list'),
  serverPolicies: inServer('/policies'),
  serverNewPolicy: inServer('/new-policy'),
  serverPolicy: (policy: string, query?: Query): string =>
    of(`/server/policies/${part(policy)}`, query),
  serverAudit: inServer('/audit'),
  /** @param repository `owner/name` */
  repository: (repository: string, query?: Query): string =>
    of(`/github/${repositoryPath(repository)}/actions`, query),
  run: (repository: string, run: string, query?: Query): string =>
    of(`/github/${repositoryPath(repository)}/actions/runs/${part(run)}`, query),
  job: (repository: string, run: string, job: string, query?: Query): string =>
    of(`/github/${repositoryPath(repository)}/actions/runs/${part(run)}/jobs/${part(job)}`, query),
  /** A job that is none of a repository's run. */
  looseJob: (org: string, job: string, query?: Query): string =>
    of(`/orgs/${part(org)}/jobs/${part(job)}`, query),
} as const

/** The same as the router matches them. */
export const patterns = {
  home: '/',
  signIn: '/sign-in',
  invitation: '/v1/sign-in/invitation',
  overview: '/orgs/:org',
  repositories: '/orgs/:org/repositories',
  runs: '/orgs/:org/runs',
  detections: '/orgs/:org/detections',
  detection: '/orgs/:org/detections/:detection',
  suppressions: '/orgs/:org/suppressions',
  policies: '/orgs/:org/policies',
  newPolicy: '/orgs/:org/new-policy',
  policy: '/orgs/:org/policies/:policy',
  baselines: '/orgs/:org/baselines',
  blockList: '/orgs/:org/block-list',
  search: '/orgs/:org/search',
  destinations: '/orgs/:org/destinations',
  compare: '/orgs/:org/compare',
  installations: '/orgs/:org/installations',
  keys: '/orgs/:org/settings/keys',
  members: '/orgs/:org/settings/members',
  retention: '/orgs/:org/settings/retention',
  sessions: '/orgs/:org/settings/sessions',
  audit: '/orgs/:org/settings/audit',
  settings: '/orgs/:org/settings',
  server: '/server',
  serverBlockList: '/server/block-list',
  serverPolicies: '/server/policies',
  serverNewPolicy: '/server/new-policy',
  serverPolicy: '/server/policies/:policy',
  serverAudit: '/server/audit',
  repository: '/github/:org/:repo/actions',
  run: '/github/:org/:repo/actions/runs/:run',
  job: '/github/:org/:repo/actions/runs/:run/jobs/:job',
  looseJob: '/orgs/:org/jobs/:job',
} as const satisfies Record<keyof typeof paths, string>
