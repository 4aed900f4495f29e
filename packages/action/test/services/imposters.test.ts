import { GitHub, type GitHubRepository } from '@runwarden/lab/github'
import { expect, test } from 'vitest'
import { readRepositoryFile } from '../../src/github-api.ts'
import { findImposters, pinnedIn } from '../../src/imposters.ts'
import { serve } from './server.ts'

const sha = (digit: string): string => digit.repeat(40)
const path = '.github/workflows/build.yml'

/** Of a repository whose history has commits 1 to 5, and a tag of one that no branch has any more. */
const tools: GitHubRepository = {
  branches: { main: [sha('2'), sha('1')], 'release/1.x': [sha('4'), sha('3')] },
  tags: { v1: sha('5') },
}

const workflow = (...uses: string[]): string =>
  `on: push\njobs:\n  build:\n    steps:\n${uses.map((one) => `      - uses: ${one}\n`).join('')}`

async function look(
  text: string,
  repositories: Record<string, GitHubRepository> = { 'acme/tools': tools },
  prepare: (github: GitHub) => void = () => {},
) {
  await using github = await GitHub.start({
    repositories: {
      'acme/app': { commits: { [sha('a')]: { [path]: text } } },
      ...repositories,
    },
  })
  prepare(github)
  const env = {
    GITHUB_API_URL: github.url,
    GITHUB_WORKFLOW_REF: `acme/app/${path}@refs/heads/main`,
    GITHUB_WORKFLOW_SHA: sha('a'),
  }
  return { ...(await findImposters(env, github.token)), requests: github.requests }
}

test('pins are found in whatever way a workflow is written', () => {
  const text = `jobs:
  call:
    uses: acme/flows/.github/workflows/all.yml@${sha('1')}
  build:
    steps:
      - uses: acme/tools@${sha('2')} # v2
      - name: deep
        uses: "acme/tools/deep/er@${sha('3')}"
      -   uses:   'acme/tools@${sha('4')}'
      - uses: acme/tools@v1
      - uses: acme/tools@${sha('5')}0
      - uses: ./local
      - uses: docker://alpine@sha256:${sha('6')}
      - run: "uses: acme/not@${sha('7')}"
      # uses: acme/not@${sha('8')}
      - uses: acme/..@${sha('9')}
`
  expect(pinnedIn(text)).toEqual([
    {
      uses: `acme/flows/.github/workflows/all.yml@${sha('1')}`,
      repository: 'acme/flows',
      sha: sha('1'),
    },
    { uses: `acme/tools@${sha('2')}`, repository: 'acme/tools', sha: sha('2') },
    { uses: `acme/tools/deep/er@${sha('3')}`, repository: 'acme/tools', sha: sha('3') },
    { uses: `acme/tools@${sha('4')}`, repository: 'acme/tools', sha: sha('4') },
  ])
})

test.each([
  ['the newest of the default branch', '2'],
  ['an older one of it', '1'],
  ['the newest of another branch', '4'],
  ['an older one of another branch', '3'],
  ['one that only a tag leads to', '5'],
])('a commit of the repository is none: %s', async (_, digit) => {
  const { imposters, warnings } = await look(workflow(`acme/tools@${sha(digit)}`))
  expect({ imposters, warnings }).toEqual({ imposters: [], warnings: [] })
})

test('a commit that no branch and no tag leads to is one, in a folder of the repository too', async () => {
  const fork = [`acme/tools@${sha('6')}`, `acme/tools/deep@${sha('7')}`]
  const { imposters, warnings } = await look(workflow(`acme/tools@${sha('1')}`, ...fork))
  expect(imposters).toEqual(fork.map((uses) => ({ uses, repository: 'acme/tools' })))
  expect(warnings).toEqual([])
})

test('what cannot be found out is said, and is none', async () => {
  const gone = await look(workflow(`acme/hidden@${sha('1')}`))
  expect(gone.imposters).toEqual([])
  expect(gone.warnings).toEqual([expect.stringContaining('acme/hidden cannot be seen')])

  const limited = await look(workflow(`acme/tools@${sha('6')}`), undefined, (github) =>
    github.fail('/compare/', { status: 403, headers: { 'x-ratelimit-remaining': '0' } }),
  )
  expect(limited.imposters).toEqual([])
  expect(limited.warnings).toEqual([expect.stringContaining('limit of requests')])

  const silent = await look(workflow(`acme/tools@${sha('6')}`), undefined, (github) =>
    github.fail('/tags', 'silence'),
  )
  expect(silent.imposters).toEqual([])
  expect(silent.warnings).toEqual([expect.stringContaining('was not found out')])

  const many = Object.fromEntries(
    ['main', ...Array.from({ length: 30 }, (_, i) => `b${i}`)].map((name) => [name, [sha('1')]]),
  )
  const wide = await look(workflow(`acme/tools@${sha('6')}`), { 'acme/tools': { branches: many } })
  expect(wide.imposters).toEqual([])
  expect(wide.warnings).toEqual([expect.stringContaining('has 30 branches, and 20 were asked')])
})

test.each([
  ['while much is left of the token’s limit', 999, 7, []],
  ['no further where little is left of it', 199, 2, [expect.stringContaining('Whether 4 pinned')]],
])('GitHub is asked %s', async (_, left, requests, said) => {
  await using server = await serve(({ path: asked }, response) => {
    const limits = { 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': `${left}` }
    response.writeHead(200, limits)
    const uses = ['1', '2', '3'].map((one) => `acme/tools-${one}@${sha(one)}`)
    if (asked.includes('/contents/'))
      response.end(workflow(...uses, `acme/tools-1/deep@${sha('1')}`))
    else response.end(JSON.stringify({ default_branch: 'main', status: 'behind' }))
  })
  const env = {
    GITHUB_API_URL: server.url,
    GITHUB_WORKFLOW_REF: `acme/app/${path}@refs/heads/main`,
    GITHUB_WORKFLOW_SHA: sha('a'),
  }
  const { imposters, warnings } = await findImposters(env, 'token')
  expect([imposters, warnings]).toEqual([[], said])
  expect(server.arrived).toHaveLength(requests)
})

test('GitHub that says nothing is waited for shorter than for a policy', async () => {
  await using server = await serve(() => {})
  const env = {
    GITHUB_API_URL: server.url,
    GITHUB_WORKFLOW_REF: `acme/app/${path}@refs/heads/main`,
    GITHUB_WORKFLOW_SHA: sha('a'),
  }
  const policy = readRepositoryFile(path, env, '').catch(() => 'the policy')
  const first = await Promise.race([findImposters(env, ''), policy])
  expect(first).toEqual({ imposters: [], warnings: [expect.stringContaining('in time')] })
  await policy
})

test('a workflow that cannot be read, and one without pins, cost one request', async () => {
  const none = await look(workflow('acme/tools@v1'))
  expect(none).toMatchObject({ imposters: [], warnings: [] })
  expect(none.requests).toHaveLength(1)
  const { warnings, imposters } = await findImposters({}, '')
  expect(imposters).toEqual([])
  expect(warnings).toEqual([expect.stringContaining('were not looked at')])
})
