import type { Event, EventOf } from '@runwarden/events'
import { githubHosts } from '@runwarden/policy/github-call'
import { expect, test } from 'vitest'
import { OutboundCalls } from '../../src/https/outbound.ts'

const exeOf = (): string => '/usr/bin/gh'

function calls(
  repository: string | null,
  suppression: (event: EventOf<'http.request'>) => string | null = () => null,
): OutboundCalls {
  return new OutboundCalls({ repository, hosts: githubHosts({}), exeOf, suppression })
}

const base = { seq: 7, time: 1, scope: 's', execId: '7-1-0badcafe', step: 'deploy' }

function request(method: string, host: string, path: string): Event {
  return {
    ...base,
    kind: 'http.request',
    method,
    scheme: 'https',
    host,
    path,
    version: '2',
    library: 'openssl',
    authorization: null,
    truth: 'user',
    verdict: 'allowed',
    reason: '',
    rule: null,
  }
}

test.each([
  ['POST', 'api.github.com', '/repos/other/lib/issues', 'high a change was asked of other/lib'],
  ['PUT', 'api.github.com', '/repos/other/lib/contents/x', 'high a change was asked of other/lib'],
  ['POST', 'github.com', '/other/lib.git/git-receive-pack', 'high a change was asked of other/lib'],
  ['POST', 'gist.github.com', '/0123.git/git-receive-pack', 'high a change was asked of gist/0123'],
  ['POST', 'api.github.com', '/user/repos', 'high a change was asked of the list of repositories'],
  ['POST', 'api.github.com', '/gists', 'high a change was asked of a gist'],
  ['POST', 'api.github.com', '/repos/acme/shop/forks', 'high a change was asked of the list of'],
  [
    'POST',
    'uploads.github.com',
    '/repos/other/lib/releases/1/assets',
    'high a change was asked of other/lib',
  ],
  [
    'PUT',
    'api.github.com',
    '/repo%73/other/lib/contents/x',
    'high a change was asked of other/lib',
  ],
  ['PUT', 'api.github.com', '/repos//other/lib/contents/x', 'high a change was asked of other/lib'],
  ['POST', 'api.github.com.', '/user/repos', 'high a change was asked of the list of repositories'],
  ['POST', 'api.github.com', '/organizations/7/repos', 'high a change was asked of the list of'],
  ['POST', 'api.github.com', '/repos/acme/shop/forks/', 'high a change was asked of the list of'],
  [
    'PUT',
    'api.github.com',
    '/repositories/1234/contents/x',
    'medium a change was asked of /repositories/1234: which repository that is cannot be told',
  ],
  [
    'POST',
    'uploads.github.com',
    '/repositories/12/releases/1/assets',
    'medium a change was asked of',
  ],
  ...[
    '/repos/acme/shop/../../evil/loot/contents/x',
    '/repos/acme/shop/%2e%2E/%2e./evil/loot/contents/x',
    '/repos/acme/shop/contents/..%2f..%2F..%2fevil%2floot%2fcontents%2fx',
    '/repos/acme/shop/..%252f..%252fevil/loot/contents/x',
    '/repos/acme/shop/..\\..\\evil/loot/contents/x',
    '/repos/acme/shop/..%5c..%5cevil/loot/contents/x',
    '/repos/acme/shop#/../../evil/loot/contents/x',
    '/repos%2fevil/loot/contents/x',
    '/repos/evil%2floot/contents/x',
    '/user%2frepos',
    '/./user/repos',
  ].map((path): [string, string, string, string] => [
    'PUT',
    'api.github.com',
    path,
    `high a change was asked of ${path.replaceAll(/%../g, (escape) => escape.toUpperCase())}: which repository that is cannot be told`,
  ]),
  // What follows was cut off.
  ['PUT', 'api.github.com', `/repos/acme/shop/${'a'.repeat(2031)}`, 'high a change was asked of'],
  ['PUT', 'api.github.com', `/repos/acme/shop/${'ä'.repeat(1015)}`, 'high a change was asked of'],
  [
    'POST',
    'github.com',
    '/acme/shop/../../other/lib.git/git-receive-pack',
    'high a change was asked of /acme/shop/../../other/lib.git/git-receive-pack: which repository',
  ],
  ['GET', 'api.github.com', '/repos/other/lib/releases/latest', 'info other/lib was read'],
  ['POST', 'github.com', '/other/lib/git-upload-pack', 'info other/lib was read'],
])('%s %s%s is told', (method, host, path, found) => {
  const [detection, ...more] = calls('Acme/Shop').see(request(method, host, path))
  expect(`${detection?.severity} ${detection?.title}`).toContain(found)
  expect(detection).toMatchObject({ id: 'https-outbound-anomaly', evidence: [7], step: 'deploy' })
  expect(more).toEqual([])
})

test.each([
  ['POST', 'api.github.com', '/repos/acme/shop/issues'],
  ['GET', 'api.github.com', '/repos/acme/shop/forks'],
  ['POST', 'uploads.github.com', '/repos/acme/shop/releases/1/assets'],
  ['POST', 'github.com', '/acme/shop.git/git-receive-pack'],
  ['PUT', 'api.github.com', '/repos/acme/shop/contents/docs%2Fa%20b.md'],
  ['PUT', 'api.github.com.', '/repos/acme/sho%70/contents/.github%2Fx.yml'],
  ['DELETE', 'api.github.com', '/repos/acme/shop/git/refs/heads%2Ffix%2F1.0'],
  ['DELETE', 'api.github.com', '/repos/acme/shop/issues/7/labels/c%23%2F100%25'],
  ['PUT', 'api.github.com', `/repos/acme/shop/contents/${'a'.repeat(1500)}`],
  ['GET', 'api.github.com', '/repositories/1234/issues'],
  ['GET', 'api.github.com', '/repos/acme/shop/../../evil/loot'],
  ['GET', 'api.github.com', '/rate_limit'],
  ['POST', 'api.github.com', '/graphql'],
  ['POST', 'api.github.com', '/markdown'],
  ['POST', 'example.com', '/repos/other/lib/issues'],
])('%s %s%s is of the job itself, or shows nothing', (method, host, path) => {
  expect(calls('Acme/Shop').see(request(method, host, path))).toEqual([])
})

/** A call of GraphQL, and what was found when it was over. */
function mutation(outbound: OutboundCalls, mutations: string[], repositories?: string[]) {
  expect(outbound.see(request('POST', 'api.github.com', '/graphql'))).toEqual([])
  return outbound.see({
    ...base,
    seq: 8,
    kind: 'http.response',
    request: base.seq,
    status: 200,
    requestBytes: 1,
    responseBytes: 1,
    mutations,
    ...(repositories ? { repositories } : {}),
  })
}

test.each<[string[], string[], string[]]>([
  [['createRepository'], [], ['the list of repositories (a new one)']],
  [['addComment', 'cloneTemplateRepository'], [], ['the list of repositories (a new one)']],
  [['createCommitOnBranch'], ['other/lib'], ['other/lib']],
  [['createCommitOnBranch'], ['acme/shop', 'other/lib', 'other/app'], ['other/lib', 'other/app']],
  [['createCommitOnBranch'], ['acme/shop'], []],
  [['addComment'], [], []],
])('mutation %j of %j leads to %j', (mutations, repositories, targets) => {
  const found = mutation(calls('Acme/Shop'), mutations, repositories)
  expect(found.map(({ title }) => title)).toEqual(
    targets.map((one) => `a change was asked of ${one}, which is not the job's repository`),
  )
  for (const one of found) {
    expect(one).toMatchObject({ severity: 'high', evidence: [7], step: 'deploy' })
    expect(one.text).toContain(
      `/usr/bin/gh sent mutation ${mutations.join(', ')} to api.github.com/graphql`,
    )
  }
})

test('told once for each repository and act', () => {
  const outbound = calls('acme/shop')
  const see = (method: string): number =>
    outbound.see(request(method, 'api.github.com', '/repos/other/lib/issues')).length
  expect([see('GET'), see('GET'), see('POST'), see('PATCH')]).toEqual([1, 0, 1, 0])
})

test('what is expected is told as such, and hides nothing that is not', () => {
  const outbound = calls('acme/shop', ({ step }) => (step === 'sync' ? 'r.yml:3: ours' : null))
  const other = request('POST', 'api.github.com', '/repos/other/lib/issues')
  expect(outbound.see({ ...other, step: 'sync' })).toMatchObject([{ suppressed: 'r.yml:3: ours' }])
  const [detection] = outbound.see(other)
  expect(detection).not.toHaveProperty('suppressed')
  expect(detection).toMatchObject({ severity: 'high' })
})

test('the repository comes with the first step, and nothing is told before it is known', () => {
  const outbound = calls(null)
  const other = request('POST', 'api.github.com', '/repos/other/lib/issues')
  expect(outbound.see(other)).toEqual([])
  outbound.see({
    ...base,
    kind: 'step.start',
    pid: 7,
    action: null,
    job: null,
    workflow: null,
    repository: 'Other/Lib',
    runId: null,
    runAttempt: null,
    truth: 'user',
  })
  expect(outbound.see(other)).toEqual([])
  expect(outbound.see(request('POST', 'api.github.com', '/repos/acme/shop/issues'))).toHaveLength(1)
})
