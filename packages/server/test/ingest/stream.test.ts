import { expect, test } from 'vitest'
import { listenTo } from '../event-stream.ts'
import { ServerRig } from '../server-rig.ts'
import { jobStart, TestAgent } from './test-agent.ts'

interface Told {
  event: string
  version: string | null
}

/** What a job's agent is told, as it comes; `end` when the stream has ended. */
async function listen(rig: ServerRig, agent: TestAgent): Promise<() => Promise<Told>> {
  const next = await listenTo(`${rig.url}/v1/jobs/${agent.jobId}/stream`, {
    authorization: `Bearer ${agent.token}`,
  })
  return async () => {
    const said = await next()
    if (said === undefined) return { event: 'end', version: null }
    return { event: said.event, version: (JSON.parse(said.data) as Told).version }
  }
}

test('agents are told at once of changes that concern them, and of no others', async () => {
  await using rig = await ServerRig.start()
  const { acme, other } = rig
  const mine = new TestAgent(rig.url)
  const theirs = new TestAgent(rig.url)
  const started = await mine.start(acme.keys.agent)
  await theirs.start(other.keys.agent, jobStart({ repository: 'other/app' }))
  const next = await listen(rig, mine)
  const nextOfTheirs = await listen(rig, theirs)
  const version = started.blockList?.version
  expect(await next()).toEqual({ event: 'block-list', version })
  expect(await next()).toEqual({ event: 'policy', version: started.policyVersion })
  const first = await nextOfTheirs()
  const ofTheirs = await nextOfTheirs()
  expect([first.event, ofTheirs.event]).toEqual(['block-list', 'policy'])

  const add = (org: string, as: string, value: string) =>
    rig.ask('POST', `/v1/orgs/${org}/blocklist/entries`, {
      as,
      body: { entries: [{ value, reason: 'test' }] },
    })
  expect(await add('acme', acme.keys.admin, 'evil.example.org')).toMatchObject({ status: 200 })
  const changed = await next()
  expect(changed).toMatchObject({ event: 'block-list' })
  expect(changed.version).not.toBe(version)
  expect(await mine.heartbeat()).toMatchObject({ body: { blockListVersion: changed.version } })

  const put = (name: string, body: object) =>
    rig.ask('PUT', `/v1/orgs/acme/policies/${name}`, { as: acme.keys.admin, body })
  await put('base', { text: 'version: 1\negress: audit\n', reason: 'test' })
  expect(
    await rig.ask('POST', '/v1/orgs/acme/policy-attachments', {
      as: acme.keys.admin,
      body: { policy: 'base', target: { level: 'organisation' } },
    }),
  ).toMatchObject({ status: 200 })
  const policy = await next()
  expect(policy).toMatchObject({ event: 'policy', version: expect.any(String) })
  expect(await mine.heartbeat()).toMatchObject({ body: { policyVersion: policy.version } })
  expect(await mine.policies()).toMatchObject({
    status: 200,
    body: {
      version: policy.version,
      policies: [{ level: 'organisation', name: 'base', version: 1 }],
    },
  })

  // The first of theirs is of their own.
  await add('other', other.keys.admin, 'bad.example.net')
  expect(await nextOfTheirs()).toMatchObject({ event: 'block-list' })
  expect(await theirs.heartbeat()).toMatchObject({ body: { policyVersion: ofTheirs.version } })

  // An attachment that is taken away is a change, too.
  const { body } = await rig.ask('GET', '/v1/orgs/acme/policy-attachments', { as: acme.keys.admin })
  const [attachment] = (body as { items: { id: string }[] }).items
  await rig.ask('DELETE', `/v1/orgs/acme/policy-attachments/${attachment?.id}`, {
    as: acme.keys.admin,
  })
  expect(await next()).toEqual({ event: 'policy', version: started.policyVersion })
  expect(await mine.policies()).toMatchObject({ body: { policies: [] } })

  // A fourth one of a job ends the first.
  for (let i = 0; i < 3; i++) await listen(rig, mine)
  expect(await next()).toEqual({ event: 'end', version: null })
})

test('a job that asked for a policy by name is not left with none when that is deleted', async () => {
  await using rig = await ServerRig.start()
  const as = rig.acme.keys.admin
  const text = 'version: 1\negress: audit\n'
  await rig.ask('PUT', '/v1/orgs/acme/policies/own', { as, body: { text, reason: 'test' } })
  const agent = new TestAgent(rig.url)
  const started = await agent.start(rig.acme.keys.agent, {
    ...jobStart(),
    policy: { from: 'name', name: 'own' },
  })
  expect(started.policies).toMatchObject([{ level: 'job', name: 'own' }])
  await rig.ask('DELETE', '/v1/orgs/acme/policies/own', { as })
  expect(await agent.heartbeat()).toMatchObject({ body: { policyVersion: null } })
  expect(await agent.policies()).toMatchObject({
    status: 404,
    body: { error: { code: 'unknown-policy' } },
  })
})
