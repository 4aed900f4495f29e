import { expect, test } from 'vitest'
import { githubCall } from '../../src/github/call.ts'
import { MinimumPermissions, type TokenKind } from '../../src/github/minimum.ts'

type Told = [
  method: string,
  target: string,
  more?: { token?: TokenKind; program?: string; times?: number },
]

function gathered(calls: readonly Told[], own: string | null = 'Acme/Shop'): MinimumPermissions {
  const minimum = new MinimumPermissions(() => own)
  for (const [method, target, { token = 'installation', program = '', times = 1 } = {}] of calls) {
    const at = target.indexOf('/')
    const host = target.slice(0, at) || 'api.github.com'
    const call = githubCall({ method, host, path: target.slice(at) })
    if (call === null) throw new Error(`no call: ${target}`)
    minimum.add(call, token, times, [program])
  }
  return minimum
}

const repo = '/repos/acme/shop'

test.each<[string, Told[], string]>([
  ['nothing', [], 'permissions: {}\n'],
  [
    'what only reads what everybody may',
    [
      ['GET', '/rate_limit'],
      ['GET', repo],
    ],
    'permissions: {}\n',
  ],
  [
    'a release job',
    [
      ['GET', 'github.com/acme/shop/info/refs'],
      ['POST', 'github.com/acme/shop/git-upload-pack', { times: 3 }],
      ['POST', `${repo}/releases`],
      ['POST', 'uploads.github.com/repos/acme/shop/releases/7/assets', { times: 2 }],
      ['PUT', 'ghcr.io/v2/acme/shop/manifests/v1'],
      ['GET', 'run-actions-1.actions.githubusercontent.com/x/idtoken'],
    ],
    `permissions:
  contents: write # git fetch (4 times), POST /repos/{owner}/{repo}/releases, upload of a release asset (2 times)
  id-token: write # OpenID Connect token
  packages: write # push of a package
`,
  ],
  [
    'either of two: the one that is there already',
    [
      ['POST', `${repo}/issues/7/comments`],
      ['POST', `${repo}/pulls`],
    ],
    `permissions:
  pull-requests: write # POST /repos/{owner}/{repo}/pulls, POST /repos/{owner}/{repo}/issues/{issue_number}/comments
`,
  ],
  [
    'either of two, and neither is there',
    [['POST', `${repo}/issues/7/labels`]],
    `permissions:
  issues: write # POST /repos/{owner}/{repo}/issues/{issue_number}/labels
`,
  ],
  [
    'one of several, or all',
    [['POST', `${repo}/pages`]],
    `permissions:
  pages: write # perhaps not needed: POST /repos/{owner}/{repo}/pages
`,
  ],
  [
    'a file whose path has slashes, a branch with slashes',
    [
      ['PUT', `${repo}/contents/docs/a/b.md`],
      ['GET', `${repo}/git/ref/heads/feature/x`],
      ['GET', `${repo}/commits/feature/x/check-runs`],
    ],
    `permissions:
  checks: read    # GET /repos/{owner}/{repo}/commits/{ref}/check-runs
  contents: write # PUT /repos/{owner}/{repo}/contents/{path}, GET /repos/{owner}/{repo}/git/ref/{ref}
`,
  ],
  [
    'what cannot be known',
    [
      ['POST', '/graphql', { times: 4 }],
      ['GET', `${repo}/new-things/123/parts`],
    ],
    `# Not known what these need: POST /graphql (4 times), GET /repos/{owner}/{repo}/new-things/{id}/parts.
permissions: {}
`,
  ],
  [
    'another token, another repository, no token',
    [
      ['POST', `${repo}/issues`, { token: 'personal' }],
      ['POST', `${repo}/issues`, { token: 'other' }],
      ['POST', `${repo}/issues`, { token: null }],
      ['GET', '/repos/other/lib/contents/x'],
      ['PUT', `${repo}/actions/secrets/NAME`],
    ],
    'permissions: {}\n',
  ],
])('the block of %s', (_, calls, block) => {
  expect(gathered(calls).block()).toBe(block)
})

test('each call says what it means for the token', () => {
  const calls = gathered([
    ['GET', `${repo}/contents/x`, { program: '/usr/bin/gh', times: 2 }],
    ['POST', '/graphql'],
    ['PUT', `${repo}/actions/secrets/NAME`],
    ['PUT', `${repo}/contents/.github/workflows/ci.yml`],
    ['PUT', '/repos/other/lib/contents/x'],
    ['POST', `${repo}/issues`, { token: 'personal' }],
    ['GET', '/rate_limit'],
  ]).calls()
  expect(calls.map(({ meaning, endpoint, count }) => `${meaning} ${endpoint} ${count}`)).toEqual([
    'needed GET /repos/{owner}/{repo}/contents/{path} 2',
    'unknown POST /graphql 1',
    'other-token PUT /repos/{owner}/{repo}/actions/secrets/{secret_name} 1',
    'other-token PUT /repos/{owner}/{repo}/contents/{path} 1',
    'other-token POST /repos/{owner}/{repo}/issues 1',
    'outside PUT /repos/{owner}/{repo}/contents/{path} 1',
    'none GET /rate_limit 1',
  ])
  expect(calls[0]?.programs).toEqual(['/usr/bin/gh'])
  expect(calls[0]?.needs).toEqual(['contents: read'])
})

test('mutations of GraphQL need what their counterparts do, where they are known', () => {
  const minimum = new MinimumPermissions(() => 'acme/shop')
  for (const mutations of [
    ['addComment'],
    ['createPullRequest'],
    ['mergePullRequest'],
    ['newThing'],
  ]) {
    const request = { method: 'POST', host: 'api.github.com', path: '/graphql', mutations }
    const call = githubCall(request)
    if (call !== null) minimum.add(call, 'installation', 1, [])
  }
  expect(minimum.block()).toBe(`# Not known what these need: mutation newThing.
permissions:
  contents: write      # mutation mergePullRequest
  pull-requests: write # mutation createPullRequest, mutation addComment
`)
})

test('the repository may come to be known late, or never', () => {
  let own: string | null = null
  const minimum = new MinimumPermissions(() => own)
  const call = githubCall({
    method: 'POST',
    host: 'api.github.com',
    path: '/repos/other/lib/issues',
  })
  if (call !== null) minimum.add(call, 'installation', 1, [])
  expect(minimum.calls()[0]?.meaning).toBe('needed')
  own = 'acme/shop'
  expect(minimum.calls()[0]?.meaning).toBe('outside')
})

test('text of a call stays on its line', () => {
  const minimum = new MinimumPermissions(() => null)
  const call = githubCall({
    method: 'GET\npermissions: write-all',
    host: 'api.github.com',
    path: '/x\npermissions: write-all\u202e',
  })
  if (call !== null) minimum.add(call, 'installation', 1, [])
  expect(minimum.block()).toBe(
    '# Not known what these need: GET?permissions: write-all /x?permissions: write-all?.\npermissions: {}\n',
  )
})

test('a flood of endpoints is counted', () => {
  const minimum = gathered(
    Array.from({ length: 1200 }, (_, index) => ['GET', `/unknown-${index}-x/y`] as Told),
  )
  expect(minimum.calls()).toHaveLength(1000)
  expect(minimum.block(['Some content was not seen.'])).toMatch(
    /^# Some content was not seen\.\n# Not known .* and 996 more\.\n# 200 further calls were not looked at\.\npermissions: \{\}\n$/,
  )
})
