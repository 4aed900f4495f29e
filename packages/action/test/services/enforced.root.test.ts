import { LabGitHub } from '@runwarden/lab/github'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ActionRig } from '../action-rig.ts'

const sha = 'c'.repeat(40)
let rig: ActionRig
let github: LabGitHub
beforeAll(async () => {
  rig = await ActionRig.start()
  github = await LabGitHub.start(rig.lab, {
    'acme/widgets': {
      commits: {
        [sha]: { '.github/policy.yml': 'version: 1\negress: block\nallow: [one.example.com:80]\n' },
      },
    },
    'acme/skipped': { properties: { 'skip-harden-runner': 'true' } },
  })
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())

/** A job with these inputs, at this GitHub. */
async function run(text: Parameters<ActionRig['run']>[0], repository = 'acme/widgets') {
  const { services } = await github.addJob()
  const secrets = { GITHUB_TOKEN: github.token }
  return rig.run(text, { services, secrets, repository, sha })
}

test('with its policy in force, a job’s report reaches the store of its run, and nothing another one', async () => {
  const job = await run({
    with: {
      token: '${{ github.token }}',
      'policy-file': '.github/policy.yml',
      report: 'artifact',
    },
    steps: `      - id: allowed
        run: curl -sSf -m 20 http://one.example.com/
      - id: other-account
        run: curl -sS -m 20 https://productionresultssa8.blob.core.windows.net/ || true
      - id: site
        run: curl -sS -m 20 https://github.com/ || true
`,
  })
  expect(job.status, job.log).toBe('success')
  const { artifacts, requests, cacheKeys } = await github.state()
  const [artifact] = artifacts
  expect(artifacts).toHaveLength(1)
  expect(artifact).toMatchObject({
    name: expect.stringMatching(/^runwarden-report-build-1-[0-9a-f]{8}$/),
    finalized: true,
  })
  expect(job.log).toContain(`The report is the artifact ${artifact?.name}.`)
  for (const file of ['events.ndjson', 'report.html', 'report.json', 'summary.md'])
    expect(artifact?.content?.includes(file)).toBe(true)
  expect(cacheKeys).toHaveLength(1)
  expect(requests.map(({ host }) => host)).not.toContain(
    'productionresultssa8.blob.core.windows.net',
  )
  expect(requests.map(({ host }) => host)).not.toContain('github.com')
  const said = JSON.stringify(job.log) + JSON.stringify(rig.events(job))
  for (const { authorization } of requests)
    if (authorization !== null) expect(said).not.toContain(authorization.replace('Bearer ', ''))
})

test('where the store could not be found, the upload is stopped, and told with the line that it needs', async () => {
  await github.fail('GetJobLogsSignedBlobURL', { status: 500 })
  await github.fail('CreateArtifact', { status: 500 })
  await github.fail('CreateCacheEntry', { status: 500 })
  const before = (await github.state()).artifacts.length
  const job = await run({
    with: { token: '${{ github.token }}', 'egress-policy': 'block', report: 'artifact' },
  })
  expect(job.status, job.log).toBe('success')
  expect(job.log).toContain('The host for artifacts was not found')
  expect(job.annotations).toContainEqual(
    expect.objectContaining({
      level: 'warning',
      message: expect.stringContaining(
        '(it needs productionresultssa7.blob.core.windows.net:443 in the policy)',
      ),
    }),
  )
  const { artifacts } = await github.state()
  expect(artifacts.slice(before).map(({ finalized, content }) => [finalized, content])).toEqual([
    [false, null],
  ])
})

test('a repository that administrators skip is not watched, and that is said', async () => {
  const job = await run(
    { with: { token: '${{ github.token }}', 'egress-policy': 'block' } },
    'acme/skipped',
  )
  expect(job.status, job.log).toBe('success')
  expect(job.annotations).toContainEqual(
    expect.objectContaining({
      level: 'notice',
      message: expect.stringContaining('custom property skip-harden-runner is true'),
    }),
  )
  expect(job.summary).toContain('NOT protected')
})
