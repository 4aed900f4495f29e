import { expect, test } from 'vitest'
import type { Event } from '@runwarden/events'
import { ServerRig } from '../server-rig.ts'
import { connect, detection, exec, write } from '../ingest/sample-events.ts'
import { jobStart, TestAgent } from '../ingest/test-agent.ts'

interface Item {
  id: string
  state: string
  suppression: string | null
}

/** A job whose agent tells these events. */
async function job(rig: ServerRig, events: Event[], name = 'test'): Promise<string> {
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent, jobStart({ job: name }))
  expect(await agent.send(agent.pack(events))).toMatchObject({ status: 200 })
  await rig.server.context.ingest.indexer.settled(60_000)
  return agent.jobId
}

const path = (rest: string) => `/v1/orgs/acme/${rest}`
const list = async (rig: ServerRig, query = '') => {
  const { body } = await rig.ask('GET', path(`detections${query}`), { as: rig.acme.keys.viewer })
  return (body as { items: Item[] }).items
}
const suppress = (rig: ServerRig, match: object, more: object = {}) =>
  rig.ask('POST', path('suppressions'), {
    as: rig.acme.keys.editor,
    body: { match, reason: 'our mirror', ...more },
  })

const curl = exec(1, 100, { exe: '/usr/bin/curl', argv: ['curl'] })
const toMirror = connect(2, { host: 'mirror.example.org', address: '192.0.2.9' })
const toEvil = connect(3, { host: 'evil.example.net', address: '198.51.100.9' })
const told = (seq: number, evidence: number[], id = 'suspicious-network-call') =>
  detection(seq, { id, evidence })

test('a detection comes to the inbox with what it is about, and the job that it is of', async () => {
  await using rig = await ServerRig.start()
  const jobId = await job(rig, [curl, toMirror, told(3, [1, 2])])
  expect(await list(rig)).toEqual([
    expect.objectContaining({
      detection: 'suspicious-network-call',
      state: 'open',
      evidence: [1, 2],
      about: [
        {
          endpoint: [],
          host: [],
          ip: [],
          process: ['/usr/bin/curl'],
          file: ['/usr/bin/curl'],
          secret: [],
        },
        {
          endpoint: ['mirror.example.org', 'mirror.example.org:443', '192.0.2.9', '192.0.2.9:443'],
          host: ['mirror.example.org'],
          ip: ['192.0.2.9'],
          process: ['/usr/bin/curl'],
          file: [],
          secret: [],
        },
      ],
      job: {
        id: jobId,
        repository: 'acme/app',
        workflow: 'build',
        job: 'test',
        runId: '4711',
        runAttempt: '1',
        url: `${rig.url}/github/acme/app/actions/runs/4711`,
      },
    }),
  ])
})

test('what people make of it is kept with who, when and why', async () => {
  await using rig = await ServerRig.start({}, { clock: () => 1_795_000_000_000 })
  await job(rig, [curl, toMirror, told(3, [2])])
  const [item] = await list(rig, '?state=open')
  const set = (state: string, as = rig.acme.keys.editor, seen: string | null = null) =>
    rig.ask('POST', path(`detections/${item?.id}/state`), {
      as,
      body: { state, note: 'a note', seen },
    })
  expect(await set('acknowledged', rig.acme.keys.viewer)).toMatchObject({ status: 403 })
  expect(await set('suppressed')).toMatchObject({ status: 400 })
  expect(await set('acknowledged')).toMatchObject({ status: 200, body: { state: 'acknowledged' } })
  expect(await set('resolved', rig.acme.keys.editor, 'acknowledged')).toMatchObject({ status: 200 })
  // A page that was opened before says what it has seen.
  expect(await set('acknowledged', rig.acme.keys.admin, 'open')).toMatchObject({
    status: 409,
    body: {
      error: {
        code: 'changed-meanwhile',
        message: 'it is resolved by now, by key editor: a note',
      },
    },
  })
  expect(await list(rig, '?state=open')).toEqual([])
  expect(
    await rig.ask('GET', path(`detections/${item?.id}`), { as: rig.acme.keys.viewer }),
  ).toMatchObject({
    body: {
      state: 'resolved',
      trace: [
        { at: 1_795_000_000_000, actor: 'key editor', state: 'acknowledged', note: 'a note' },
        { state: 'resolved' },
      ],
    },
  })
})

test('a suppression is for what is there and what comes, leaves a trace, and is undone', async () => {
  let now = 1_795_000_000_000
  await using rig = await ServerRig.start({}, { clock: () => now })
  await job(rig, [curl, toMirror, told(3, [1, 2])])
  const made = await suppress(
    rig,
    { host: '*.example.org', process: '**/curl', id: 'suspicious-*', job: 'te*' },
    { expiresAt: now + 1000 },
  )
  expect(made).toMatchObject({ status: 200, body: { suppressed: 1 } })
  const { id } = made.body as { id: string }
  await job(rig, [curl, toMirror, told(3, [2])])
  await job(rig, [curl, toMirror, told(3, [2])], 'other')
  const [other, second, first] = await list(rig)
  expect([first, second, other]).toMatchObject([
    { state: 'suppressed', suppression: id },
    { state: 'suppressed', suppression: id },
    { state: 'open', suppression: null },
  ])
  const traces = await Promise.all(
    [first, second].map(async (one) => {
      const as = rig.acme.keys.viewer
      const { body } = await rig.ask('GET', path(`detections/${one?.id}`), { as })
      return (body as { trace: object[] }).trace
    }),
  )
  const trace = { at: now, state: 'suppressed', note: 'our mirror', suppression: id }
  expect(traces).toEqual([[{ ...trace, actor: 'key editor' }], [{ ...trace, actor: 'the server' }]])
  now += 1000
  await job(rig, [curl, toMirror, told(3, [2])])
  expect((await list(rig))[0]).toMatchObject({ state: 'open' })
  expect(await rig.ask('GET', path('suppressions'), { as: rig.acme.keys.viewer })).toMatchObject({
    body: { items: [{ id, reason: 'our mirror', detections: 2 }] },
  })
  const as = rig.acme.keys.editor
  expect(await rig.ask('DELETE', path(`suppressions/${id}`), { as })).toMatchObject({
    status: 200,
    body: { opened: 2 },
  })
  expect(await list(rig, '?state=suppressed')).toEqual([])
})

test('what is expected of one destination hides no other beside it', async () => {
  await using rig = await ServerRig.start()
  await job(rig, [curl, toMirror, toEvil, told(4, [2, 3]), told(5, [2]), told(6, [2, 99])])
  expect(await suppress(rig, { host: 'mirror.example.org' })).toMatchObject({
    body: { suppressed: 1 },
  })
  expect((await list(rig, '?state=suppressed'))[0]).toMatchObject({ evidence: [2] })
})

test('that a record is not whole is never expected', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  agent.pack([curl])
  await agent.send(agent.pack([toMirror]))
  expect(await suppress(rig, { owner: '**' })).toMatchObject({ body: { suppressed: 0 } })
  expect(await list(rig, '?detection=agent-tampered')).toMatchObject([{ state: 'open' }])
})

test('what the policy of the job suppresses is told as such', async () => {
  await using rig = await ServerRig.start()
  await job(rig, [
    write(1, '/w/a'),
    detection(2, { id: 'source-code-overwritten', evidence: [1], suppressed: 'rules.yml:3: ours' }),
  ])
  const [item] = await list(rig)
  expect(item).toMatchObject({ state: 'suppressed', suppression: null })
  expect(
    await rig.ask('GET', path(`detections/${item?.id}`), { as: rig.acme.keys.viewer }),
  ).toMatchObject({ body: { trace: [{ actor: 'the agent', note: 'rules.yml:3: ours' }] } })
})

test('lists come in pages, and by what is asked for', async () => {
  await using rig = await ServerRig.start()
  const ids = ['reverse-shell', 'attack-blocked', 'reverse-shell']
  const jobId = await job(rig, [curl, ...ids.map((id, i) => told(i + 2, [1], id))])
  const page = async (query: string) =>
    (await rig.ask('GET', path(`detections${query}`), { as: rig.acme.keys.viewer })).body as {
      items: Item[]
      next: string | null
    }
  const first = await page('?limit=2')
  expect(first.items).toHaveLength(2)
  const rest = await page(`?limit=2&before=${first.next}`)
  expect(rest).toMatchObject({ items: [{ detection: 'reverse-shell' }], next: null })
  expect(await list(rig, '?detection=attack-blocked&repository=Acme/App')).toHaveLength(1)
  expect(await list(rig, `?job=${jobId}`)).toHaveLength(3)
  expect(await list(rig, '?repository=acme/other')).toEqual([])
})

test.for([
  [{}, 'match'],
  [{ hots: 'x' }, 'match'],
  [{ host: '' }, 'match.host'],
  [{ host: 5 }, 'match.host'],
] as const)('what is wrong with a suppression is told: %j', async ([match, at]) => {
  await using rig = await ServerRig.start()
  expect(await suppress(rig, match)).toMatchObject({
    status: 400,
    body: { error: { where: [{ in: 'body', at }] } },
  })
  expect(await suppress(rig, { host: 'x' }, { reason: ' ' })).toMatchObject({ status: 400 })
  expect(await suppress(rig, { host: 'x' }, { expiresAt: 1 })).toMatchObject({ status: 400 })
})

test('a suppression that is sent twice is one', async () => {
  await using rig = await ServerRig.start()
  const [one, other] = await Promise.all([
    suppress(rig, { host: 'a', id: 'x' }),
    suppress(rig, { id: 'x', host: 'a' }),
  ])
  expect(other).toMatchObject({ status: 200, body: one.body })
  expect(await suppress(rig, { id: 'x' })).not.toMatchObject({ body: one.body })
  expect(await suppress(rig, { host: 'a', id: 'x' }, { reason: 'another' })).not.toMatchObject({
    body: one.body,
  })
})

test('how many detections a suppression would be for is known before it is made', async () => {
  await using rig = await ServerRig.start()
  await job(rig, [curl, toMirror, told(3, [2])], 'one')
  await job(rig, [curl, toMirror, toEvil, told(4, [2]), told(5, [3])], 'two')
  const preview = (match: object) =>
    rig.ask('POST', path('suppression-previews'), { as: rig.acme.keys.viewer, body: { match } })
  const mirror = { host: 'mirror.example.org' }
  expect(await preview(mirror)).toMatchObject({ status: 200, body: { now: 2, past: 2, jobs: 2 } })
  expect(await preview({ host: '*' })).toMatchObject({ body: { now: 3, past: 3, jobs: 2 } })
  expect(await preview({})).toMatchObject({ status: 400 })
  expect(await suppress(rig, mirror)).toMatchObject({ body: { suppressed: 2 } })
  expect(await preview(mirror)).toMatchObject({ body: { now: 0, past: 2, jobs: 2 } })
})

test('the list is of one suppression, or of a time, where it is asked for that', async () => {
  let now = 1_795_000_000_000
  await using rig = await ServerRig.start({}, { clock: () => now })
  await job(rig, [curl, toMirror, told(3, [2])])
  const later = now + 60_000
  now = later
  await job(rig, [curl, toEvil, told(3, [2])])
  expect(await list(rig)).toHaveLength(2)
  expect(await list(rig, `?from=${later}`)).toHaveLength(1)
  const { body } = await suppress(rig, { host: 'mirror.example.org' })
  const { id } = body as { id: string }
  expect(await list(rig, `?suppression=${id}`)).toEqual([
    expect.objectContaining({ state: 'suppressed', suppression: id }),
  ])
})
