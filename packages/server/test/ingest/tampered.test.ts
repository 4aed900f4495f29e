import type { EventOf } from '@runwarden/events'
import { expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'
import { exec, write } from './sample-events.ts'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { TestAgent } from './test-agent.ts'

interface Found {
  rule: string
  source: string
  title: string
  text: string
}

async function withJob(
  act: (agent: TestAgent, found: () => Promise<Found[]>, rig: ServerRig) => Promise<void>,
  given: Parameters<typeof ServerRig.start>[0] = {},
): Promise<void> {
  await using rig = await ServerRig.start(given)
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const found = async (): Promise<Found[]> => {
    const { body } = await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/detections`, {
      as: rig.acme.keys.viewer,
    })
    return (body as { items: Found[] }).items
  }
  await act(agent, found, rig)
}

const tampered = (title: string) => ({ rule: 'agent-tampered', source: 'server', title })

test('a record without gaps is fine', () =>
  withJob(async (agent, found) => {
    await agent.send(agent.pack([exec(1, 100)]))
    await agent.heartbeat()
    await agent.send(agent.pack([write(2, '/w/a')]))
    await agent.heartbeat()
    expect(await agent.finish(sampleReport)).toMatchObject({ status: 200 })
    // A lost answer.
    expect(await agent.finish(sampleReport)).toMatchObject({ status: 200 })
    expect(await found()).toEqual([])
  }))

test('segments that are left out are reported, and what follows is kept', () =>
  withJob(async (agent, found) => {
    await agent.send(agent.pack([exec(1, 100)]))
    agent.pack([write(2, '/w/a')])
    agent.pack([write(3, '/w/b')])
    expect(await agent.send(agent.pack([write(4, '/w/c')]))).toMatchObject({ status: 200 })
    expect(await found()).toMatchObject([
      {
        ...tampered("A part of the job's record is missing"),
        text: expect.stringContaining('2 to 3'),
      },
    ])
  }))

test('a segment that does not continue the one before is reported', () =>
  withJob(async (agent, found) => {
    await agent.send(agent.pack([exec(1, 100)]))
    agent.last.hash = 'f'.repeat(64)
    expect(await agent.send(agent.pack([write(2, '/w/a')]))).toMatchObject({ status: 200 })
    expect(await found()).toMatchObject([tampered("The chain of the job's record is broken")])
  }))

test('another segment under a number that was acknowledged is refused and reported', () =>
  withJob(async (agent, found) => {
    await agent.send(agent.pack([exec(1, 100)]))
    const forger = new TestAgent(agent.url)
    Object.assign(forger, { jobId: agent.jobId, token: agent.token })
    expect(await forger.send(forger.pack([write(1, '/w/a')]))).toMatchObject({
      status: 409,
      body: { error: { code: 'other-segment' } },
    })
    expect(await found()).toMatchObject([tampered('A second version of the record')])
  }))

test('a count of segments that goes back is reported', () =>
  withJob(async (agent, found) => {
    await agent.heartbeat(7)
    // Heartbeats are written down together.
    await expect
      .poll(() => agent.heartbeat(3).then(found), { timeout: 60_000 })
      .toMatchObject([tampered("The agent's count went back")])
  }))

test('a heartbeat that comes late changes nothing of what the report says', () =>
  withJob(async (agent, _found, rig) => {
    await agent.send(agent.pack([exec(1, 100)]))
    const health = { ...sampleReport.health, tier: 'none', eventsLost: { 'net.connect': 500 } }
    await agent.finish({ ...sampleReport, protection: 'unprotected', health })
    await rig.server.context.ingest.indexer.settled(60_000)
    const job = async (): Promise<unknown> =>
      (await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}`, { as: rig.acme.keys.viewer })).body
    const before = await job()
    expect(before).toMatchObject({ tier: 'none', armed: false, eventsLost: { 'net.connect': 500 } })
    expect(await agent.heartbeat()).toMatchObject({ status: 200 })
    rig.server.context.ingest.heartbeats.write()
    expect(await job()).toEqual(before)
  }))

test('an end that is not where the record ends is reported', () =>
  withJob(async (agent, found) => {
    await agent.send(agent.pack([exec(1, 100)]))
    agent.pack([write(2, '/w/a')])
    expect(await agent.finish(sampleReport)).toMatchObject({ status: 200 })
    expect(await found()).toMatchObject([tampered("A part of the job's record is missing")])
    // What comes behind the end is not of the agent.
    expect(await agent.send(agent.pack([write(3, '/w/b')]))).toMatchObject({
      status: 409,
      body: { error: { code: 'job-finished' } },
    })
  }))

test('an agent that falls silent in the middle of a job is reported, each time', () =>
  withJob(
    async (agent, found, rig) => {
      const state = async (): Promise<unknown> =>
        (
          (await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}`, { as: rig.acme.keys.viewer }))
            .body as { state: string }
        ).state
      await agent.heartbeat()
      await expect
        .poll(found, { timeout: 60_000 })
        .toMatchObject([tampered('The agent fell silent')])
      expect(await state()).toBe('silent')
      await agent.heartbeat()
      await expect.poll(state, { timeout: 60_000 }).toBe('running')
      await expect
        .poll(found, { timeout: 60_000 })
        .toMatchObject([tampered('The agent fell silent'), tampered('The agent fell silent')])
      await agent.finish(sampleReport)
      expect(await state()).toBe('finished')
    },
    { heartbeatOverdue: 1 },
  ))

test('a job that runs without protection has no agent that could fall silent, unless it had one', () =>
  withJob(
    async (agent, found, rig) => {
      const state = async (): Promise<unknown> =>
        (await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}`, { as: rig.acme.keys.viewer }))
          .body
      const bare = { protection: 'unprotected', tier: 'none' } as const
      await agent.tell(bare)
      await expect
        .poll(state, { timeout: 60_000 })
        .toMatchObject({ state: 'silent', protection: 'unprotected' })
      expect(await found()).toEqual([])
      // Somebody who has its token says so of a job that was watched.
      await agent.send(agent.pack([exec(1, 100)]))
      await agent.heartbeat()
      await agent.tell(bare)
      await expect
        .poll(found, { timeout: 60_000 })
        .toMatchObject([tampered('The agent fell silent')])
    },
    { heartbeatOverdue: 1 },
  ))

test('a job whose agent does not come back is given up, and goes on when it does', () =>
  withJob(
    async (agent, _found, rig) => {
      const job = async (): Promise<unknown> =>
        (await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}`, { as: rig.acme.keys.viewer }))
          .body
      await agent.heartbeat()
      await expect
        .poll(job, { timeout: 60_000 })
        .toMatchObject({ state: 'lost', finishedAt: expect.any(Number) })
      await agent.heartbeat()
      await expect
        .poll(job, { timeout: 60_000 })
        .toMatchObject({ state: 'running', finishedAt: null })
      await expect.poll(job, { timeout: 60_000 }).toMatchObject({ state: 'lost' })
      expect(await agent.send(agent.pack([exec(1, 100)]))).toMatchObject({ status: 200 })
      await agent.finish(sampleReport)
      expect(await job()).toMatchObject({ state: 'finished', exit: 0 })
    },
    { heartbeatOverdue: 1, lostAfter: 1 },
  ))

test('an agent that died is told by the end that another says for it', () =>
  withJob(async (agent, found, rig) => {
    await agent.heartbeat()
    await agent.send(agent.pack([exec(1, 100)]))
    expect(await agent.finish(null)).toMatchObject({ status: 200 })
    const jobs = async (): Promise<unknown> =>
      (
        await rig.ask('GET', `/v1/orgs/acme/runs?state=lost`, {
          as: rig.acme.keys.viewer,
        })
      ).body
    expect(await found()).toMatchObject([tampered('The agent died before the job ended')])
    expect(await jobs()).toMatchObject({ items: [{ state: 'lost' }] })
    // A heartbeat that was late does not make it go on.
    await agent.heartbeat()
    expect(await agent.finish(null)).toMatchObject({ status: 200 })
    expect(await jobs()).toMatchObject({ items: [{ state: 'lost' }] })
  }))

test('what a report alone tells is the job’s, too: tampering, and that an agent was killed', () =>
  withJob(async (agent, found, rig) => {
    const finding = { ...detection(1, ''), acts: [] }
    const detections = [
      { ...finding, title: 'the agent was ended before the run was' },
      { ...finding, title: 'told by an event' },
    ]
    await agent.send(agent.pack([detection(1, 'told by an event')]))
    const health = { ...sampleReport.health, interrupted: true }
    const { status } = await agent.finish({ ...sampleReport, detections, health })
    expect(status).toBe(200)
    expect(await found()).toMatchObject([
      { source: 'agent', title: 'told by an event' },
      {
        ...tampered("The job's report tells of tampering"),
        text: expect.stringMatching(/^It says: the agent was ended before the run was\. No event/),
      },
    ])
    const { body } = await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}`, {
      as: rig.acme.keys.viewer,
    })
    expect(body).toMatchObject({ state: 'finished', tampered: true, interrupted: true })
  }))

const detection = (seq: number, title: string): EventOf<'detection'> => ({
  seq,
  time: 1000,
  scope: 'test',
  execId: null,
  step: null,
  kind: 'detection',
  id: 'agent-tampered',
  severity: 'critical',
  title,
  text: 'x',
  evidence: [],
})

test('an end with fewer segments than heartbeats had said is reported', () =>
  withJob(async (agent, found) => {
    await agent.heartbeat(4)
    await agent.send(agent.pack([exec(1, 100)]))
    expect(await agent.finish(sampleReport)).toMatchObject({ status: 200 })
    expect(await found()).toMatchObject([
      {
        ...tampered("The end of the job's record is another"),
        text: expect.stringContaining('that it made 4'),
      },
    ])
  }))

test('a job whose report could not be sent has ended, and says why', () =>
  withJob(async (agent, found, rig) => {
    await agent.send(agent.pack([exec(1, 100)]))
    const noReport = 'https://control.example.com answered 413'
    expect(await agent.finish(null, { noReport })).toMatchObject({ status: 200 })
    expect(await found()).toMatchObject([
      { rule: 'record-damaged', title: "The job's report is not here" },
    ])
    const { body } = await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}`, {
      as: rig.acme.keys.viewer,
    })
    expect(body).toMatchObject({ state: 'finished', exit: 0, hasReport: false, tampered: false })
  }))
