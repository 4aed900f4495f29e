import { matchRoutes } from 'react-router'
import { expect, test } from 'vitest'
import { paths, patterns } from '../src/app/paths.ts'

/** An address of each page, of things whose names would break one that is put together carelessly. */
const examples: Record<keyof typeof paths, string> = {
  home: paths.home(),
  signIn: paths.signIn({ problem: 'link-used' }),
  invitation: paths.invitation({ token: 'rwi_x' }),
  overview: paths.overview('acme'),
  repositories: paths.repositories('acme'),
  runs: paths.runs('acme', { verdict: 'blocked', branch: null, search: 'a b&c=d' }),
  detections: paths.detections('acme', { state: 'open' }),
  detection: paths.detection('acme', '01j0'),
  suppressions: paths.suppressions('acme'),
  policies: paths.policies('acme'),
  newPolicy: paths.newPolicy('acme'),
  policy: paths.policy('acme', 'build.v2', { version: 3 }),
  baselines: paths.baselines('acme'),
  blockList: paths.blockList('acme'),
  search: paths.search('acme', { host: '*.example.org' }),
  destinations: paths.destinations('acme'),
  compare: paths.compare('acme', { a: '01j0', b: 'previous' }),
  installations: paths.installations('acme'),
  keys: paths.keys('acme'),
  members: paths.members('acme'),
  retention: paths.retention('acme'),
  sessions: paths.sessions('acme'),
  audit: paths.audit('acme'),
  settings: paths.settings('acme'),
  server: paths.server(),
  serverBlockList: paths.serverBlockList(),
  serverPolicies: paths.serverPolicies(),
  serverNewPolicy: paths.serverNewPolicy(),
  serverPolicy: paths.serverPolicy('build.v2', { tab: 'history' }),
  serverAudit: paths.serverAudit(),
  repository: paths.repository('acme/app'),
  run: paths.run('acme/app', '4101'),
  job: paths.job('acme/app', '41/../01?', 'a#b', { tab: 'network', process: '7:1#2' }),
  looseJob: paths.looseJob('acme', '01j0'),
}

test('every page has an address in the form that people know', async () => {
  await expect(
    `${Object.entries(examples)
      .map(
        ([name, path]) =>
          `${name.padEnd(15)} ${patterns[name as keyof typeof paths].padEnd(52)} ${path}`,
      )
      .join('\n')}\n`,
  ).toMatchFileSnapshot('paths.txt')
})

test.each(Object.entries(examples))(
  'the address of %s is matched by its own pattern, and by no other',
  (name, path) => {
    const routes = Object.entries(patterns).map(([id, at]) => ({ id, path: at }))
    expect(matchRoutes(routes, path.split('?')[0] ?? '')?.at(-1)?.route.id).toBe(name)
  },
)
