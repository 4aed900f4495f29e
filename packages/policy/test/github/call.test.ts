import { expect, test } from 'vitest'
import {
  type GithubCall,
  githubCall,
  githubCom,
  type GithubHosts,
  githubHosts,
} from '../../src/github/call.ts'

const enterprise = githubHosts({
  GITHUB_API_URL: 'https://github.acme.example:8443/api/v3',
  GITHUB_SERVER_URL: 'https://github.acme.example:8443',
})
const resident = githubHosts({
  GITHUB_API_URL: 'https://api.acme.ghe.com',
  GITHUB_SERVER_URL: 'https://acme.ghe.com',
})

test('github.com is what the environment says nothing of', () => {
  expect(githubHosts({})).toEqual(githubCom)
  expect(githubHosts({ GITHUB_API_URL: 'https://api.github.com' })).toEqual(githubCom)
})

test.each([
  ['GET', 'api.github.com', '/repos/Acme/Shop/issues', 'rest', 'acme/shop', false],
  ['POST', 'api.github.com', '/repos/acme/shop/issues', 'rest', 'acme/shop', true],
  ['POST', 'api.github.com', '/user/repos', 'rest', null, true],
  ['POST', 'api.github.com', '/markdown', 'rest', null, false],
  ['POST', 'api.github.com', '/graphql', 'graphql', null, null],
  ['POST', 'uploads.github.com', '/repos/acme/shop/releases/1/assets', 'upload', 'acme/shop', true],
  ['GET', 'github.com', '/acme/shop/info/refs', 'git', 'acme/shop', false],
  ['POST', 'github.com', '/acme/shop.git/git-upload-pack', 'git', 'acme/shop', false],
  ['POST', 'github.com', '/acme/shop.git/git-receive-pack', 'git', 'acme/shop', true],
  ['POST', 'gist.github.com', '/0123abc.git/git-receive-pack', 'git', 'gist/0123abc', true],
  ['POST', 'gist.github.com', '/somebody/0123abc/git-upload-pack', 'git', 'gist/0123abc', false],
  ['POST', 'github.com', '/acme/shop.git/info/lfs/objects/batch', 'git', 'acme/shop', false],
  ['POST', 'github.com', '/acme/shop.git/info/lfs/locks', 'git', 'acme/shop', true],
  ['PUT', 'ghcr.io', '/v2/acme/shop/manifests/1', 'packages', null, true],
  ['GET', 'npm.pkg.github.com', '/@acme/shop', 'packages', null, false],
  ['POST', 'models.github.ai', '/inference/chat/completions', 'models', null, false],
  ['GET', 'run-actions-1.actions.githubusercontent.com', '/7/x/idtoken', 'oidc', null, false],
] as const)('%s %s%s is %s of %s', (method, host, path, kind, repository, writes) => {
  expect(githubCall({ method, host, path })).toMatchObject({ kind, repository, writes })
})

test.each([
  ['PUT', 'api.github.com', '/repositories/1234/contents/x', 'rest', 'number'],
  ['GET', 'api.github.com', '/repositories/1234/contents/x', 'rest', 'number'],
  ['POST', 'uploads.github.com', '/repositories/1234/releases/1/assets', 'upload', 'number'],
  ['PUT', 'api.github.com', '/repos/a/b/../../c/d/contents/x', 'rest', 'way'],
  ['PUT', 'api.github.com', '/repos%2Fa/b/contents/x', 'rest', 'way'],
  ['POST', 'uploads.github.com', '/repos/a/b/../c/releases/1/assets', 'rest', 'way'],
  ['POST', 'github.com', '/a/b/../c/git-receive-pack', 'git', 'way'],
] as const)('of %s %s%s the repository cannot be told', (method, host, path, kind, hidden) => {
  expect(githubCall({ method, host, path })).toMatchObject({ kind, hidden, repository: null })
})

test.each([
  ['PUT', 'api.github.com', '/repo%73/Evil/lo%6ft/contents/x', '/repos/Evil/loot/contents/x'],
  ['PUT', 'api.github.com.', '/repos/evil/loot/contents/a%2Fb', '/repos/evil/loot/contents/a%2Fb'],
])('%s %s%s has one way to be read', (method, host, path, plain) => {
  expect(githubCall({ method, host, path })).toMatchObject({
    path: plain,
    repository: 'evil/loot',
    hidden: null,
  })
})

test('git that asks what it could push to is a push, if nothing follows, too', () => {
  const first = { method: 'GET', host: 'github.com', path: '/acme/shop/info/refs' }
  expect(githubCall({ ...first, gitService: 'git-receive-pack' })).toMatchObject({ writes: true })
  expect(githubCall({ ...first, gitService: 'git-upload-pack' })).toMatchObject({ writes: false })
})

test.each([
  ['github.com', '/acme/shop/releases/download/v1/x.tgz'],
  ['github.com', '/'],
  ['api.github.com.example.net', '/repos/acme/shop'],
  ['pipelines.actions.githubusercontent.com', '/artifacts'],
])('%s%s is no call of the API', (host, path) => {
  expect(githubCall({ method: 'GET', host, path })).toBe(null)
})

/** What a POST is there. */
function posted(hosts: GithubHosts, host: string, path: string): GithubCall | null {
  return githubCall({ method: 'POST', host, path }, hosts)
}

test('an Enterprise server', () => {
  const host = 'github.acme.example:8443'
  expect(posted(enterprise, host, '/api/v3/repos/a/b/issues')).toMatchObject({
    kind: 'rest',
    path: '/repos/a/b/issues',
    repository: 'a/b',
  })
  expect(posted(enterprise, host, '/api/graphql')).toMatchObject({ kind: 'graphql' })
  expect(posted(enterprise, host, '/a/b.git/git-receive-pack')).toMatchObject({
    kind: 'git',
    writes: true,
  })
  expect(posted(enterprise, host, '/api/uploads/repos/a/b/releases/1/assets')).toMatchObject({
    kind: 'upload',
  })
  expect(posted(enterprise, 'api.github.com', '/repos/a/b/issues')).toBe(null)
  expect(posted(enterprise, host, '/api/v3/repos/a%2Fb/issues')).toMatchObject({ hidden: 'way' })
  expect(posted(enterprise, host, '/api%2Fv3/repos/a/b/issues')).toMatchObject({ hidden: 'way' })
  expect(posted(enterprise, host, '/api/v3/repositories/7/issues')).toMatchObject({
    hidden: 'number',
  })
  expect(posted(enterprise, host, '/api/v3/repos/a/b/contents/x%2Fy')).toMatchObject({
    repository: 'a/b',
    hidden: null,
  })
})

test('Enterprise Cloud with data residence', () => {
  expect(posted(resident, 'api.acme.ghe.com', '/repos/a/b/issues')).toMatchObject({ kind: 'rest' })
  expect(posted(resident, 'acme.ghe.com', '/a/b/git-upload-pack')).toMatchObject({ kind: 'git' })
  expect(posted(resident, 'uploads.acme.ghe.com', '/repos/a/b/releases/1/assets')).toMatchObject({
    kind: 'upload',
  })
})
