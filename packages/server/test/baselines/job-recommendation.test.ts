import { expect, test } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { query } from '../ingest/sample-events.ts'
import { jobStart, TestAgent } from '../ingest/test-agent.ts'
import { ServerRig } from '../server-rig.ts'
import { npm, reached, run } from './past-runs.ts'

/** A job of its own that is still running. */
async function running(rig: ServerRig, job: Parameters<typeof jobStart>[0] = {}) {
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent, jobStart({ runId: 'newest', ...job }))
  return agent
}

const asked = (rig: ServerRig, { jobId, token }: TestAgent) =>
  rig.ask('GET', `/v1/jobs/${jobId}/recommendation`, { as: token })

test('a job that has just finished gets the policy of all its runs, with what it was refused itself', async () => {
  await using rig = await ServerRig.start()
  await run(rig, ['a.example.org', { host: 'old.example.net', verdict: 'blocked' }])
  await run(rig, ['b.example.org'])
  await run(rig, ['another-job.example.org'], { job: 'lint' })
  const agent = await running(rig)
  const events = [
    npm,
    reached(2, 'b.example.org'),
    reached(3, { host: 'evil.example.net', verdict: 'blocked' }),
    query(4, { name: 'asked.example.net', verdict: 'blocked' }),
  ]
  await agent.send(agent.pack(events))
  await agent.finish(sampleReport)
  const { status, body } = await asked(rig, agent)
  expect(status, JSON.stringify(body)).toBe(200)
  expect((body as { earlierRuns: number }).earlierRuns).toBe(2)
  expect((body as { text: string }).text).toMatchInlineSnapshot(`
    "version: 1
    egress: block
    allow:
      - a.example.org # npm; in 1 of 3 runs
      - b.example.org # npm; in 2 of 3 runs
      # Blocked in this run. Remove the "#" of those that the job should reach.
      # - asked.example.net
      # - evil.example.net # npm
    "
  `)
})

test('the first run of a job rests on itself alone; so does one whose workflow is not known', async () => {
  await using rig = await ServerRig.start()
  await run(rig, ['a.example.org'], { job: 'lint' })
  for (const job of [{}, { workflow: null, workflowRef: null, job: null }]) {
    const agent = await running(rig, job)
    await agent.send(agent.pack([npm, reached(2, 'b.example.org')]))
    await agent.finish(sampleReport)
    expect((await asked(rig, agent)).body).toEqual({
      earlierRuns: 0,
      text: expect.stringMatching(/allow:\n {2}- b\.example\.org .*\n$/),
    })
  }
})

test('it is for the agent of that job, once it has finished', async () => {
  await using rig = await ServerRig.start()
  const agent = await running(rig)
  expect(await asked(rig, agent)).toMatchObject({
    status: 409,
    body: { error: { code: 'job-runs' } },
  })
  await agent.finish(sampleReport)
  const other = await running(rig, { runId: 'other' })
  for (const [as, status] of [
    [other.token, 404],
    [rig.acme.keys.admin, 403],
    [undefined, 401],
  ] as const)
    expect(
      await rig.ask(
        'GET',
        `/v1/jobs/${agent.jobId}/recommendation`,
        as === undefined ? {} : { as },
      ),
    ).toMatchObject({ status })
  expect(await asked(rig, agent)).toMatchObject({ status: 200, body: { earlierRuns: 0 } })
})
