import { expect, test } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { listenTo } from '../event-stream.ts'
import { connect, detection } from '../ingest/sample-events.ts'
import { jobStart, TestAgent } from '../ingest/test-agent.ts'
import { ServerRig } from '../server-rig.ts'

interface Told {
  event: string
  data: {
    change?: string
    job?: { id: string; calls: Record<string, number>; state: string }
    jobId?: string
    detection?: string
    version?: string
  }
}

/** What a page is told, as it comes; `end` when the stream has ended. */
async function listen(
  rig: ServerRig,
  path: string,
  headers: Record<string, string>,
): Promise<() => Promise<Told>> {
  const next = await listenTo(`${rig.url}${path}`, headers)
  return async () => {
    const said = await next()
    if (said === undefined) return { event: 'end', data: {} }
    return { event: said.event, data: JSON.parse(said.data) as Told['data'] }
  }
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

/** Asks until it is what was waited for. */
async function until(next: () => Promise<Told>, is: (told: Told) => boolean): Promise<Told> {
  for (;;) {
    const told = await next()
    if (is(told) || told.event === 'end') return told
  }
}

test('pages hear of jobs as they start, go on and finish, of detections and of lists; others hear nothing', async () => {
  await using rig = await ServerRig.start()
  const { acme, other } = rig
  const running = new TestAgent(rig.url)
  await running.start(acme.keys.agent)
  const next = await listen(rig, '/v1/orgs/acme/live', bearer(acme.keys.viewer))
  const ofJob = await listen(
    rig,
    `/v1/orgs/acme/live?job=${running.jobId}`,
    bearer(acme.keys.viewer),
  )
  const theirs = await listen(rig, '/v1/orgs/other/live', bearer(other.keys.viewer))
  // Their lists come before anything that happens to them.
  const entry = (org: string, as: string) =>
    rig.ask('POST', `/v1/orgs/${org}/blocklist/entries`, {
      as,
      body: { entries: [{ value: 'evil.example.org', reason: 'test' }] },
    })
  await entry('acme', acme.keys.editor)
  expect(await next()).toMatchObject({ event: 'block-list', data: { version: expect.any(String) } })
  expect(await ofJob()).toMatchObject({ event: 'block-list' })

  await running.send(
    running.pack([
      connect(1, { verdict: 'blocked', count: 2 }),
      detection(2, { severity: 'high' }),
    ]),
  )
  expect(await until(ofJob, ({ data }) => data.job?.calls['blocked'] === 2)).toMatchObject({
    event: 'job',
    data: { change: 'progress', job: { id: running.jobId } },
  })
  expect(await until(ofJob, ({ event }) => event === 'detection')).toMatchObject({
    data: { jobId: running.jobId, detection: 'domain-blocked', severity: 'high' },
  })
  expect(await until(next, ({ event }) => event === 'detection')).toMatchObject({
    data: { jobId: running.jobId },
  })
  const second = new TestAgent(rig.url)
  await second.start(acme.keys.agent, jobStart({ job: 'second', runId: '2' }))
  expect(await until(next, ({ data }) => data.change === 'started')).toMatchObject({
    event: 'job',
    data: { job: { id: second.jobId, state: 'running' } },
  })
  await running.finish(sampleReport)
  expect(await until(ofJob, ({ data }) => data.change === 'finished')).toMatchObject({
    data: { job: { id: running.jobId, state: 'finished' } },
  })
  expect(await until(next, ({ data }) => data.change === 'finished')).toMatchObject({
    data: { job: { id: running.jobId } },
  })

  await entry('other', other.keys.editor)
  expect(await theirs()).toMatchObject({ event: 'block-list' })
})

test('a stream ends when its person has signed out, or its key was taken back', async () => {
  await using rig = await ServerRig.start()
  const { auth } = rig.server.context
  const user = auth.ensureUser('local', 'someone', 'someone')
  auth.setMember(rig.acme.id, user, 'viewer')
  const cookie = `runwarden-session=${auth.createSession(user)}`
  const signedIn = await listen(rig, '/v1/orgs/acme/live', { cookie })
  const member = `runwarden-session=${auth.createSession(user)}`
  const byMember = await listen(rig, '/v1/orgs/acme/live', { cookie: member })
  await rig.ask('POST', '/v1/sign-out', { headers: { cookie, origin: rig.url } })
  expect(await signedIn()).toMatchObject({ event: 'end' })
  await rig.ask('DELETE', `/v1/orgs/acme/members/${user}`, { as: rig.acme.keys.admin })
  expect(await byMember()).toMatchObject({ event: 'end' })
})

test('who opens too many pages has the first of them ended', async () => {
  await using rig = await ServerRig.start()
  const open = () => listen(rig, '/v1/orgs/acme/live', bearer(rig.acme.keys.viewer))
  const first = await open()
  for (let i = 0; i < 20; i++) await open()
  expect(await first()).toMatchObject({ event: 'end' })
})
