import { parseBlockList } from '@runwarden/policy'
import { expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'

const day = 24 * 3_600_000

/** As the server's administrator. */
const own = (rig: ServerRig) => ({ headers: { cookie: rig.cookie, origin: rig.url } })
const add = (rig: ServerRig, ...entries: object[]) =>
  rig.ask('POST', '/v1/server/blocklist/entries', { ...own(rig), body: { entries } })

const feed = async (rig: ServerRig, headers: Record<string, string> = {}) =>
  rig.ask('GET', '/v1/blocklist', { headers })

test('the feed is public, has an ETag, and is what agents read', async () => {
  await using rig = await ServerRig.start({}, { clock: () => Date.parse('2026-08-01') })
  expect(
    await add(
      rig,
      { value: 'Evil.Example.', reason: 'campaign A', reference: 'https://example.org/a' },
      { value: '*.evil.example', reason: 'campaign A' },
      { value: '203.0.113.0/24', reason: 'campaign B', expiresAt: Date.parse('2026-09-01') },
      { value: '2001:DB8::1', reason: 'campaign B' },
    ),
  ).toMatchObject({ status: 200 })
  const answer = await feed(rig)
  const added = '2026-08-01T00:00:00.000Z'
  expect(answer.body).toEqual({
    version: 1,
    updated: added,
    domains: [
      { value: 'evil.example', reason: 'campaign A', reference: 'https://example.org/a', added },
    ],
    wildcards: [{ value: '*.evil.example', reason: 'campaign A', added }],
    addresses: [
      { value: '2001:db8::1', reason: 'campaign B', added },
      { value: '203.0.113.0/24', reason: 'campaign B', added, expires: '2026-09-01T00:00:00.000Z' },
    ].toSorted((a, b) => (a.value < b.value ? -1 : 1)),
  })
  expect(parseBlockList(JSON.stringify(answer.body), 'feed').addresses).toHaveLength(2)
  expect(answer.headers.get('cache-control')).toBe('public, max-age=60, stale-if-error=86400')
  const etag = answer.headers.get('etag') ?? ''
  expect(await feed(rig, { 'if-none-match': `"x", W/${etag}` })).toMatchObject({
    status: 304,
    body: '',
  })
  await add(rig, { value: 'worse.example', reason: 'campaign C' })
  expect(await feed(rig, { 'if-none-match': etag })).toMatchObject({ status: 200 })
})

test('an entry that has expired is no longer told, and running jobs hear of it', async () => {
  let now = Date.parse('2026-08-01')
  await using rig = await ServerRig.start({}, { clock: () => now })
  const { bus, blockLists } = rig.server.context
  const heard: (string | null)[] = []
  bus.on('block-list', (owner) => heard.push(owner))
  await add(rig, { value: 'evil.example', reason: 'x', expiresAt: now + day })
  expect(heard).toEqual([null])
  expect((await feed(rig)).body).toMatchObject({ domains: [{ value: 'evil.example' }] })
  blockLists.publishExpired()
  expect(heard).toHaveLength(1)
  now += day
  blockLists.publishExpired()
  expect(heard).toEqual([null, null])
  expect((await feed(rig)).body).toMatchObject({ updated: '2026-08-02T00:00:00.000Z', domains: [] })
})

test('an organisation’s entries are its own jobs’, beside everybody’s', async () => {
  await using rig = await ServerRig.start()
  const { editor, viewer } = rig.acme.keys
  await add(rig, { value: 'evil.example', reason: 'everybody' })
  const entries = [
    { value: 'local.example', reason: 'ours' },
    { value: 'evil.example', reason: 'ours too' },
  ]
  const path = '/v1/orgs/acme/blocklist/entries'
  expect(await rig.ask('POST', path, { as: editor, body: { entries } })).toMatchObject({
    status: 200,
  })
  const of = async (path: string, as: string) => {
    const { body } = await rig.ask('GET', path, { as })
    return (body as { domains: { value: string; reason: string }[] }).domains.map(
      ({ value, reason }) => `${value}: ${reason}`,
    )
  }
  const job = '0123456789abcdefghjk'
  const merged = ['evil.example: everybody', 'local.example: ours']
  expect(await of('/v1/orgs/acme/blocklist', viewer)).toEqual(merged)
  expect(await of(`/v1/jobs/${job}/blocklist`, rig.jobToken(job))).toEqual(merged)
  expect(await of(`/v1/jobs/${job}/blocklist`, rig.jobToken(job, rig.other))).toEqual(
    merged.slice(0, 1),
  )
  expect((await feed(rig)).body).toMatchObject({ domains: [{ value: 'evil.example' }] })
  // The list of what is there names who did it; another organisation finds nothing of it.
  const listed = await rig.ask('GET', `${path}?value=local.example`, { as: viewer })
  expect(listed).toMatchObject({ body: { items: [{ addedBy: 'key editor', reason: 'ours' }] } })
  const { id } = (listed.body as { items: { id: string }[] }).items[0] ?? { id: '' }
  const others = { as: rig.other.keys.admin }
  expect(await rig.ask('GET', path, others)).toMatchObject({ status: 404 })
  expect(await rig.ask('DELETE', `/v1/orgs/other/blocklist/entries/${id}`, others)).toMatchObject({
    status: 404,
  })
  expect(await rig.ask('DELETE', `${path}/${id}`, { as: editor })).toMatchObject({ status: 204 })
  expect(await of('/v1/orgs/acme/blocklist', viewer)).toEqual(merged.slice(0, 1))
})

test('an entry is replaced only where that is asked for, and by one of its own', async () => {
  let now = Date.parse('2026-08-01')
  await using rig = await ServerRig.start({}, { clock: () => now })
  const strict = {
    value: 'evil.example',
    reason: 'incident 4711',
    reference: 'https://example.org/4711',
  }
  const weak = { value: 'Evil.example.', reason: 'seen again', expiresAt: now + 7 * day }
  const path = '/v1/orgs/acme/blocklist/entries'
  const as = rig.acme.keys.editor
  const post = (entries: object[], more = {}) =>
    rig.ask('POST', path, { as, body: { entries, ...more } })
  const listed = async () => (await rig.ask('GET', path, { as })).body
  const first = await post([strict])
  const { ids } = first.body as { ids: string[] }
  expect(await post([strict])).toMatchObject({ status: 200, body: { ids } })
  expect(await post([{ ...strict, value: 'other.example' }, weak])).toMatchObject({
    status: 409,
    body: {
      error: {
        code: 'already-listed',
        message:
          'evil.example is listed already, for good, by key editor: incident 4711 (https://example.org/4711)',
        where: [{ at: 'entries[1].value', text: 'evil.example' }],
      },
    },
  })
  expect(await listed()).toMatchObject({ items: [{ ...strict, expiresAt: null, id: ids[0] }] })
  expect(await post([weak], { replace: true })).toMatchObject({ status: 200 })
  expect(await listed()).toMatchObject({ items: [{ ...weak, value: 'evil.example' }] })
  // Who has the older page open removes nothing.
  expect(await rig.ask('DELETE', `${path}/${ids[0]}`, { as })).toMatchObject({ status: 404 })
  // One that holds no longer is in nobody's way.
  now += 7 * day
  expect(await post([strict])).toMatchObject({ status: 200 })
  expect(await listed()).toMatchObject({ items: [{ ...strict, expiresAt: null }] })
})

const many = (from: number) =>
  Array.from({ length: 1000 }, (_, i) => ({
    value: `${'x'.repeat(60)}.${'y'.repeat(60)}.host-${from + i}.example`,
    reason: 'r'.repeat(200),
  }))

test('a list that agents could not be sent is refused whole', async () => {
  await using rig = await ServerRig.start()
  let from = 0
  let answer = await add(rig, ...many(0))
  while (answer.status === 200) answer = await add(rig, ...many((from += 1000)))
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'too-many-entries' } } })
  expect(rig.server.context.blockLists.of(null).entries).toBe(from)
})

const ok = { value: 'evil.example', reason: 'x' }
test.for([
  [{ entries: [] }, 'entries'],
  [{}, 'entries'],
  [{ entries: [ok, { value: 'evil example', reason: 'x' }] }, 'entries[1].value'],
  [{ entries: [{ value: '10.0.0.1/8', reason: 'x' }] }, 'entries[0].value'],
  [{ entries: [{ value: 'evil.example' }] }, 'entries[0].reason'],
  [{ entries: [{ ...ok, reason: 'a\nb' }] }, 'entries[0].reason'],
  [{ entries: [{ ...ok, reference: 'javascript:alert(1)' }] }, 'entries[0].reference'],
  [{ entries: [{ ...ok, expiresAt: 5 }] }, 'entries[0].expiresAt'],
  [{ entries: Array.from({ length: 1001 }, () => ok) }, 'entries'],
] as const)('what is wrong with an entry is told: %#', async ([body, at]) => {
  await using rig = await ServerRig.start()
  const as = rig.acme.keys.editor
  expect(await rig.ask('POST', '/v1/orgs/acme/blocklist/entries', { as, body })).toMatchObject({
    status: 400,
    body: { error: { where: [{ in: 'body', at }] } },
  })
  expect(rig.server.context.blockLists.of(rig.acme.id).entries).toBe(0)
})

test('who may not change the list changes nothing', async () => {
  await using rig = await ServerRig.start()
  const body = { entries: [ok] }
  const path = '/v1/orgs/acme/blocklist/entries'
  for (const [as, to, status] of [
    [rig.acme.keys.viewer, path, 403],
    [rig.acme.keys.agent, path, 404],
    [rig.other.keys.admin, path, 404],
    [rig.acme.keys.admin, '/v1/server/blocklist/entries', 403],
  ] as const)
    expect(await rig.ask('POST', to, { as, body })).toMatchObject({ status })
  expect(rig.server.context.blockLists.of(rig.acme.id).entries).toBe(0)
})
