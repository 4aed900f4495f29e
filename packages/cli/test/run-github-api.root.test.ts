import { writeFileSync } from 'node:fs'
import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildGo } from '../../sensor/test/tls/captured.ts'
import { prepareJob } from './job.ts'
import { Place, runwarden } from './runwarden.ts'

let lab: Lab
const tools = new Place()
beforeAll(async () => {
  // A program of this name on the path is probed before the job begins; others from their first run on.
  buildGo(tools.path, 'gh')
  lab = await startLab({
    servers: [
      {
        name: ['api.github.com', 'uploads.github.com'],
        addresses: ['198.51.100.71'],
        ports: { https: 443 },
        http2: true,
      },
    ],
  })
}, 300_000)
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  tools[Symbol.dispose]()
})

/** Both clients, by what they are called in the steps below. */
const clients = {
  gh: `ask() { gh "$@"; }`,
  curl: `ask() { curl -sS -o /dev/null -H "Authorization: Bearer $GH_TOKEN" -X "$1" ${'${3:+--data-binary @"$3"}'} "$2"; }`,
}

/** A step that makes calls, and what was told of them. `rest`: METHOD and path; `graphql`: a body. */
async function told(
  client: keyof typeof clients,
  calls: readonly string[],
  bodies: object = {},
  rules = '',
) {
  using place = new Place()
  const { command, workspace } = prepareJob(
    place.path,
    `      - id: api\n        env: { GH_TOKEN: ghs_0123456789abcdef }\n        run: |\n          ${[clients[client], ...calls].join('\n          ')}\n`,
  )
  for (const [name, body] of Object.entries(bodies))
    writeFileSync(place.at('work', name), typeof body === 'string' ? body : JSON.stringify(body))
  writeFileSync(place.at('rules.yml'), `version: 1\n${rules}`)
  await lab.internet.clear()
  const { status, stdout, stderr } = await lab.runner.exec(
    runwarden,
    ['run', '--quiet', '--repository', 'acme/app', '--out', place.out]
      .concat('--rules', place.at('rules.yml'), '--')
      .concat(command),
    {
      cwd: workspace,
      env: { PATH: `${tools.path}:${lab.runner.env['PATH']}`, GITHUB_WORKFLOW: 'release' },
      timeout: 200_000,
    },
  )
  expect(status, stdout + stderr).toBe(0)
  const records = await lab.internet.records()
  const { minimumPermissions, tokenCalls, detections, suppressed, opaque } = place.report()
  expect(opaque).toEqual([])
  for (const event of place.eventsOf('http.request')) expect(event.step).toBe('api')
  return {
    arrived: records
      .flatMap((one) => one.requests)
      .map(({ method, host, path }) => `${method} ${host}${path}`),
    permissions: minimumPermissions,
    calls: tokenCalls.map(({ meaning, endpoint }) => `${meaning}: ${endpoint}`),
    detections: detections.map(({ severity, title }) => `${severity}: ${title}`),
    suppressed: (suppressed ?? []).map(({ title, by }) => `${title}: ${by}`),
    kept: JSON.stringify(place.events().filter(({ kind }) => kind.startsWith('http.'))),
  }
}

const api = 'https://api.github.com'
const graphql = (name: string): string => `ask POST ${api}/graphql ${name}`

test.each(['gh', 'curl'] as const)(
  '%s: REST, an upload and GraphQL, of the job’s repository',
  async (client) => {
    const { arrived, permissions, calls, detections, kept } = await told(
      client,
      [
        `ask GET ${api}/repos/acme/app/contents/README.md`,
        `ask GET ${api}/rate_limit`,
        `ask POST "https://uploads.github.com/repos/acme/app/releases/7/assets?name=app.tgz" asset`,
        graphql('query'),
        graphql('comment'),
        graphql('commit'),
        graphql('strange'),
      ],
      {
        asset: 'x'.repeat(300_000),
        query: { query: 'query { repository(owner: "acme", name: "app") { id } }' },
        comment: {
          query: 'mutation($i: AddCommentInput!) { addComment(input: $i) { clientMutationId } }',
          variables: { i: { subjectId: 'x', body: 'private-text' } },
        },
        commit: {
          query:
            'mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }',
          variables: {
            input: { branch: { repositoryNameWithOwner: 'Acme/App', branchName: 'main' } },
          },
        },
        strange: { query: 'mutation { pinIssue(input: {issueId: "x"}) { issue { id } } }' },
      },
    )
    expect(arrived).toEqual([
      'GET api.github.com/repos/acme/app/contents/README.md',
      'GET api.github.com/rate_limit',
      'POST uploads.github.com/repos/acme/app/releases/7/assets?name=app.tgz',
      ...Array<string>(4).fill('POST api.github.com/graphql'),
    ])
    expect(permissions).toBe(`# Not known what these need: POST /graphql, mutation pinIssue.
permissions:
  contents: write # GET /repos/{owner}/{repo}/contents/{path}, upload of a release asset, mutation createCommitOnBranch
  issues: write   # mutation addComment
`)
    expect(calls.toSorted()).toEqual([
      'needed: GET /repos/{owner}/{repo}/contents/{path}',
      'needed: mutation addComment',
      'needed: mutation createCommitOnBranch',
      'needed: upload of a release asset',
      'none: GET /rate_limit',
      'unknown: POST /graphql',
      'unknown: mutation pinIssue',
    ])
    expect(detections).toEqual([])
    for (const secret of ['private-text', 'app.tgz', '0123456789abcdef'])
      expect(kept).not.toContain(secret)
  },
  300_000,
)

test.each(['gh', 'curl'] as const)(
  '%s: what leaves the repository is told',
  async (client) => {
    const { arrived, permissions, detections } = await told(
      client,
      [
        `ask GET ${api}/repos/other/lib/releases/latest`,
        `ask PUT ${api}/repos/other/lib/contents/loot loot`,
        `ask POST https://uploads.github.com/repos/stranger/drop/releases/1/assets loot`,
        `ask POST ${api}/repos/acme/app/forks`,
        `ask POST ${api}/gists loot`,
        graphql('create'),
        graphql('commit'),
      ],
      {
        loot: 'x',
        create: {
          query:
            'mutation RepositoryCreate($input: CreateRepositoryInput!) { createRepository(input: $input) { repository { id } } }',
          variables: { input: { name: 'loot', visibility: 'PUBLIC' } },
        },
        commit: {
          query:
            'mutation { createCommitOnBranch(input: {branch: {repositoryNameWithOwner: "third/loot", branchName: "main"}}) { commit { oid } } }',
        },
      },
    )
    expect(arrived).toHaveLength(7)
    expect(permissions).toContain('permissions:\n')
    expect(detections.toSorted()).toEqual([
      "high: a change was asked of a gist, which is not the job's repository",
      "high: a change was asked of other/lib, which is not the job's repository",
      "high: a change was asked of stranger/drop, which is not the job's repository",
      "high: a change was asked of the list of repositories (a new one), which is not the job's repository",
      "high: a change was asked of third/loot, which is not the job's repository",
      "info: other/lib was read, which is not the job's repository",
    ])
  },
  300_000,
)

test('a call of another repository that is expected, of this workflow, is told as such', async () => {
  const { detections, suppressed } = await told(
    'curl',
    [
      `ask POST ${api}/repos/acme/site/dispatches loot`,
      `ask POST ${api}/repos/other/lib/dispatches loot`,
    ],
    { loot: 'x' },
    `suppress:
  - { id: https-outbound-anomaly, workflow: ci, reason: of another one }
  - { id: https-outbound-anomaly, workflow: release, endpoint: 'api.github.com/repos/acme/**', reason: our site }
`,
  )
  expect(detections).toEqual([
    "high: a change was asked of other/lib, which is not the job's repository",
  ])
  expect(suppressed).toEqual([
    expect.stringMatching(/^a change was asked of acme\/site, .*rules\.yml:4: our site$/),
  ])
}, 300_000)
