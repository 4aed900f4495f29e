import { JobStart, JobStarted, type JobStarted as Started } from '@runwarden/events/control-plane'
import { GitHub } from '@runwarden/lab/github'
import { describe, expect, test } from 'vitest'
import { askServer, startJob } from '../../src/control-plane.ts'
import { serve } from './server.ts'

const started: Started = {
  jobId: 'job-1',
  token: 'token-of-this-one-job',
  policies: [
    { level: 'organisation', name: 'base', version: 4, text: 'egress: block\n' },
    { level: 'job', name: 'release', version: 1, text: 'egress: audit\n' },
  ],
  blockList: { version: '2026-11-27', text: '{"domains": []}' },
  insightsUrl: 'https://runwarden.example.com/jobs/job-1',
  skip: null,
}
const byKey = { apiKey: 'rw_key', policy: { from: 'store' } } as const
const env = {
  GITHUB_REPOSITORY: 'acme/widgets',
  GITHUB_WORKFLOW: 'Build\n::error::and $(test)',
  GITHUB_JOB: 'build',
  GITHUB_RUN_ID: '12',
  GITHUB_RUN_ATTEMPT: '1',
  RUNNER_OS: 'Linux',
}

/** A control plane that gives this answer: an object is JSON. */
function planeWith(...answers: (number | object | string)[]) {
  return serve((_, response, count) => {
    const answer = answers[Math.min(count, answers.length) - 1]
    if (answer === 'silence') return
    if (answer === 'reset') response.destroy()
    else if (typeof answer === 'number') response.writeHead(answer).end()
    else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  })
}

function ignore(): void {}

test('a job starts by API key', async () => {
  await using plane = await planeWith(started)
  const masked: string[] = []
  const answer = await startJob({ serverUrl: plane.url, ...byKey }, env, (secret) =>
    masked.push(secret),
  )
  expect(answer).toEqual(started)
  expect(masked).toEqual([started.token])
  const [asked] = plane.arrived
  expect(asked).toMatchObject({ method: 'POST', path: '/v1/jobs' })
  expect(asked?.headers.authorization).toBe('Bearer rw_key')
  expect(JobStart.parse(JSON.parse(asked?.body ?? ''))).toEqual({
    version: 1,
    nonce: expect.stringMatching(/^[\w-]{36}$/),
    job: {
      repository: 'acme/widgets',
      workflow: 'Build ::error::and $(test)',
      workflowRef: null,
      job: 'build',
      runId: '12',
      runAttempt: '1',
      ref: null,
      sha: null,
      event: null,
      actor: null,
    },
    runner: { name: null, os: 'Linux', arch: null, environment: null },
    policy: { from: 'store' },
  })
})

test('below a path of the server', async () => {
  await using plane = await planeWith(started)
  await startJob({ serverUrl: `${plane.url}/runwarden`, ...byKey }, env, ignore)
  expect(plane.arrived[0]?.path).toBe('/runwarden/v1/jobs')
})

test('a job starts by GitHub’s token, which is for this server alone', async () => {
  await using github = await GitHub.start()
  await using plane = await planeWith(started)
  const masked: string[] = []
  await startJob(
    { serverUrl: plane.url, apiKey: null, policy: { from: 'name', name: 'release' } },
    { ...env, ...github.services(github.addJob()) },
    (secret) => masked.push(secret),
  )
  const token = plane.arrived[0]?.headers.authorization?.replace('Bearer ', '') ?? ''
  expect(masked).toEqual([token, started.token])
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toMatchObject({ aud: plane.url, iss: github.url })
})

test('without a key, and without the right to a token', async () => {
  await using plane = await planeWith(started)
  const asking = startJob({ serverUrl: plane.url, ...byKey, apiKey: null }, env, ignore)
  await expect(asking).rejects.toThrow('"permissions: id-token: write", or api-key')
  expect(plane.arrived).toEqual([])
})

describe('tries again', () => {
  test.each([[503], [429], ['reset']] as const)('after %s', async (first) => {
    await using plane = await planeWith(first, first, started)
    expect(await startJob({ serverUrl: plane.url, ...byKey }, env, ignore)).toEqual(started)
    expect(plane.arrived).toHaveLength(3)
  })

  test('three times in all', async () => {
    await using plane = await planeWith(500)
    const asking = startJob({ serverUrl: plane.url, ...byKey }, env, ignore)
    await expect(asking).rejects.toThrow('/v1/jobs answered 500.')
    expect(plane.arrived).toHaveLength(3)
  })

  test.each([400, 401, 403, 404, 409, 422])('not after %i', async (status) => {
    await using plane = await planeWith(status)
    const asking = startJob({ serverUrl: plane.url, ...byKey }, env, ignore)
    await expect(asking).rejects.toThrow(`/v1/jobs answered ${status}.`)
    expect(plane.arrived).toHaveLength(1)
  })
})

test('a server that is silent does not hold up the job', async () => {
  await using plane = await planeWith('silence')
  const asking = startJob({ serverUrl: plane.url, ...byKey }, env, ignore)
  await expect(asking).rejects.toThrow('did not answer in time')
})

test('it does not follow to another origin', async () => {
  await using elsewhere = await planeWith(started)
  await using plane = await serve(
    (_, response) => void response.writeHead(307, { location: `${elsewhere.url}/v1/jobs` }).end(),
  )
  const asking = startJob({ serverUrl: plane.url, ...byKey }, env, ignore)
  await expect(asking).rejects.toThrow(`leads elsewhere (${elsewhere.url})`)
  expect(elsewhere.arrived).toEqual([])
})

test('nothing is sent without TLS', async () => {
  const asking = startJob({ serverUrl: 'http://plane.example.com', ...byKey }, env, ignore)
  await expect(asking).rejects.toThrow('it needs https://')
})

describe('what is no answer', () => {
  test.each([
    ['no JSON', '<html>'],
    ['no object', '[]'],
    ['a token that is none', { ...started, token: 'with\na line' }],
    ['a link that is none', { ...started, insightsUrl: 'javascript:alert(1)' }],
    ['a link with blanks', { ...started, insightsUrl: 'https://plane.example.com/ ::error::x' }],
    ['an unknown level', { ...started, policies: [{ ...started.policies[0], level: 'team' }] }],
    ['two of a level', { ...started, policies: [started.policies[0], started.policies[0]] }],
    ['commands in a reason', { ...started, skip: { reason: 'x\n::stop-commands::' } }],
    ['more than 5 MB', `"${'x'.repeat(6 << 20)}"`],
  ])('%s', async (_, answer) => {
    await using plane = await planeWith(answer)
    const asking = startJob({ serverUrl: plane.url, ...byKey }, env, ignore)
    await expect(asking).rejects.toThrow('The control plane could not be used: ')
    expect(plane.arrived).toHaveLength(1)
  })

  test('what it does not know is let be', () => {
    expect(JobStarted.parse({ ...started, more: 1 })).toEqual(started)
  })
})

describe('on-server-failure', () => {
  const dead = { serverUrl: 'https://127.0.0.1:1', ...byKey }

  test('local', async () => {
    const answer = await askServer(dead, 'local', env, ignore)
    expect(answer).toEqual({
      job: null,
      audit: false,
      warning: expect.stringMatching(
        /could not be reached: .*\. This job goes on with the policy of its workflow alone \(on-server-failure: local\)\. See whether it runs/,
      ),
    })
  })

  test('audit', async () => {
    const { audit, warning } = await askServer(dead, 'audit', env, ignore)
    expect(audit).toBe(true)
    expect(warning).toContain('Nothing is blocked in this job (on-server-failure: audit).')
  })

  test('fail', async () => {
    await expect(askServer(dead, 'fail', env, ignore)).rejects.toMatchObject({
      code: 'CONTROL_PLANE',
      advice: 'See whether it runs, and can be reached from this runner.',
    })
  })

  test('no secret is in what it says', async () => {
    await using plane = await planeWith(401)
    const answer = await askServer({ serverUrl: plane.url, ...byKey }, 'local', env, ignore)
    expect(answer.warning).toContain('answered 401')
    expect(answer.warning).not.toContain('rw_key')
  })
})
