import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { JobStart, type JobStarted } from '@runwarden/events/control-plane'
import { LabGitHub } from '@runwarden/lab/github'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ActionRig } from '../action-rig.ts'

// Whole jobs, beside whatever else the machine does.
vi.setConfig({ testTimeout: 300_000 })

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

/** A control plane of the lab: any request for a job gets this answer. @returns its URL */
async function planeWith(name: string, address: string, answer: JobStarted): Promise<string> {
  const file = rig.place.at(name, 'v1/jobs')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(answer))
  const files = rig.place.at(name)
  await rig.lab.serve({ name, addresses: [address], ports: { https: 443 }, files })
  return `https://${name}`
}

const started: JobStarted = {
  jobId: 'job-1',
  token: 'rwj_token_of_this_one_job',
  policies: [
    { level: 'cluster', name: 'all', version: 1, text: 'allow: [two.example.com:80]\n' },
    {
      level: 'repository',
      name: 'widgets',
      version: 7,
      text: 'egress: block\nallow: [one.example.com:80]\n',
    },
  ],
  blockList: null,
  insightsUrl: 'https://plane.example.com/jobs/job-1',
  skip: null,
}

const twoRequests = `      - id: one
        run: curl -sSf -m 20 http://one.example.com/
      - id: two
        run: curl -sS -m 20 http://two.example.com/ || true
`

test('a policy of the control plane holds, the nearest level before the others; no secret of ours is left', async () => {
  const url = await planeWith('plane.example.com', '198.51.100.77', started)
  await rig.lab.internet.clear()
  const job = await run({
    with: {
      token: '${{ github.token }}',
      'server-url': url,
      'use-policy-store': true,
      'api-key': 'rwk_key_of_the_repository',
    },
    steps: twoRequests,
  })
  expect(job.status, job.log).toBe('success')
  expect([...new Set(await rig.reached())]).toEqual([
    'plane.example.com 443 tcp',
    'one.example.com 80 tcp',
  ])
  // It takes no events, and the job ends all the same.
  expect(job.log).toContain('The control plane has not got all of this job: ')
  const [asked] = (await rig.lab.internet.records())[0]?.requests ?? []
  expect(asked).toMatchObject({ method: 'POST', path: '/v1/jobs' })
  expect(asked?.headers['authorization']).toBe('Bearer rwk_key_of_the_repository')
  expect(JobStart.parse(JSON.parse(asked?.body ?? ''))).toMatchObject({
    job: { repository: 'acme/widgets', job: 'build', sha },
    policy: { from: 'store' },
  })
  expect(rig.outputs(job)['insights-url']).toBe(started.insightsUrl)
  const said = job.log + JSON.stringify(rig.events(job)) + JSON.stringify(rig.report(job))
  for (const secret of ['rwk_key_of_the_repository', started.token])
    expect(said).not.toContain(secret)
})

test('disable-telemetry: the control plane is asked what holds, and told nothing of what happens', async () => {
  const url = await planeWith('quiet.example.com', '198.51.100.76', {
    ...started,
    blockList: {
      version: 'v1',
      text: '{"domains":[{"value":"one.example.com","reason":"serves malware"}]}',
    },
  })
  await rig.lab.internet.clear()
  const job = await run({
    with: {
      token: '${{ github.token }}',
      'server-url': url,
      'use-policy-store': true,
      'api-key': 'rwk_key_of_the_repository',
      'disable-telemetry': true,
    },
    steps: twoRequests.replace('one.example.com/', 'one.example.com/ || true'),
  })
  expect(job.status, job.log).toBe('success')
  expect(await rig.reached()).toEqual(['quiet.example.com 443 tcp'])
  expect(job.log).not.toContain('has not got all of this job')
})

test('a policy by its name, for a job that GitHub vouches for', async () => {
  const url = await planeWith('named.example.com', '198.51.100.78', started)
  await rig.lab.internet.clear()
  const job = await run({
    with: { token: '${{ github.token }}', 'server-url': url, policy: 'widgets' },
    steps: twoRequests,
  })
  expect(job.status, job.log).toBe('success')
  const [asked] = (await rig.lab.internet.records())[0]?.requests ?? []
  const token = asked?.headers['authorization']?.replace('Bearer ', '') ?? ''
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toMatchObject({ aud: url, repository: 'acme/widgets' })
  expect(job.log).not.toContain(token)
})

test.each([
  ['local', 'success', ['one.example.com 80 tcp']],
  ['audit', 'success', ['one.example.com 80 tcp', 'two.example.com 80 tcp']],
  ['fail', 'failure', []],
])('no control plane, on-server-failure: %s', async (onFailure, status, reached) => {
  await rig.lab.internet.clear()
  const job = await run({
    with: {
      token: '${{ github.token }}',
      'egress-policy': 'block',
      'allowed-endpoints': 'one.example.com:80',
      'server-url': 'https://nobody.example.com',
      'api-key': 'rwk_key_of_the_repository',
      'on-server-failure': onFailure,
    },
    steps: twoRequests,
  })
  expect(job.status, job.log).toBe(status)
  expect(await rig.reached()).toEqual(reached)
  expect(job.annotations).toContainEqual(
    expect.objectContaining({
      level: status === 'failure' ? 'error' : 'warning',
      message: expect.stringContaining('The control plane could not be used: '),
    }),
  )
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
  expect(job.summary).toMatch(/not protected/i)
})
