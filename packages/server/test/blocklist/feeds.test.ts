import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'

const loopback = { feedNetworks: ['127.0.0.0/8'] }
/** What is at which path; a number: that status, leading elsewhere. */
const files = new Map<string, string | number>()
const asked: string[] = []
let upstream: Server
let base: string
beforeAll(async () => {
  upstream = createServer((request, response) => {
    asked.push(request.url ?? '')
    const found = files.get(request.url ?? '') ?? 404
    if (typeof found === 'string') response.end(found)
    else response.writeHead(found, { location: '/list.json' }).end()
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  base = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
})
afterAll(() => upstream.close())
beforeEach(() => {
  files.clear()
  asked.length = 0
})

const listOf = (value: string, updated?: string) =>
  JSON.stringify({
    version: 1,
    ...(updated === undefined ? {} : { updated }),
    domains: [{ value, reason: 'campaign' }],
  })
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const signer = generateKeyPairSync('ed25519')
const rawKey = (key: KeyObject) =>
  Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')
function publish(text: string, key = signer.privateKey): void {
  files.set('/list.json', text)
  files.set('/list.json.sig', sign(null, Buffer.from(text), key).toString('base64'))
}
const signed = () => ({
  name: 'partner',
  url: `${base}/list.json`,
  trust: { kind: 'ed25519', publicKey: rawKey(signer.publicKey) },
})

const follow = (rig: ServerRig, body: object) =>
  rig.ask('POST', '/v1/orgs/acme/blocklist/feeds', { as: rig.acme.keys.admin, body })
const refresh = (rig: ServerRig, id: unknown) =>
  rig.ask('POST', `/v1/orgs/acme/blocklist/feeds/${id as string}/refresh`, {
    as: rig.acme.keys.admin,
  })
const domains = (rig: ServerRig) =>
  (
    JSON.parse(rig.server.context.blockLists.of(rig.acme.id).text) as {
      domains: { value: string }[]
    }
  ).domains.map(({ value }) => value)

test('a signed feed is followed; a bad one changes nothing and is reported', async () => {
  await using rig = await ServerRig.start(loopback)
  const heard: (string | null)[] = []
  rig.server.context.bus.on('block-list', (owner) => heard.push(owner))
  publish(listOf('evil.example', '2026-08-01'))
  const made = await follow(rig, signed())
  expect(made).toMatchObject({ status: 200, body: { error: null, updated: '2026-08-01' } })
  const { id } = made.body as { id: string }
  expect(domains(rig)).toEqual(['evil.example'])
  expect(heard).toEqual([rig.acme.id])
  // What others' lists bring is in the audit log, too.
  const audit = await rig.ask('GET', '/v1/orgs/acme/audit', { as: rig.acme.keys.admin })
  expect(audit.body).toMatchObject({
    items: [
      {
        action: 'block-list.fetched',
        actor: expect.stringMatching(/^feed /),
        detail: { updated: '2026-08-01', entries: 1 },
      },
      { action: 'block-list.follow' },
    ],
  })

  const newer = listOf('worse.example', '2026-08-02')
  const bad: [string, () => void][] = [
    ['its signature is not that of the key that was set', () => files.set('/list.json', newer)],
    [
      'its signature is not that of the key that was set',
      () => publish(newer, generateKeyPairSync('ed25519').privateKey),
    ],
    [
      'its signature is no Ed25519 signature in base64',
      () => {
        publish(newer)
        files.set('/list.json.sig', 'x')
      },
    ],
    [
      'it answered with status 404',
      () => {
        publish(newer)
        files.delete('/list.json.sig')
      },
    ],
    ['it is no block list', () => publish('{"domains": [{"value": "a b", "reason": "x"}]}')],
    ['it is no block list', () => publish('<html>')],
    ['it is older', () => publish(listOf('old.example', '2026-07-01'))],
    ['it is older', () => publish(listOf('old.example'))],
    ['it has more than 2500000 bytes', () => publish(`${newer}${' '.repeat(2_500_000)}`)],
    ['it leads elsewhere', () => files.set('/list.json', 302)],
  ]
  for (const [why, spoil] of bad) {
    spoil()
    expect(await refresh(rig, id), why).toMatchObject({
      status: 200,
      body: { error: expect.stringContaining(why), updated: '2026-08-01' },
    })
    expect(domains(rig)).toEqual(['evil.example'])
  }
  expect(heard).toHaveLength(1)

  publish(newer)
  expect(await refresh(rig, id)).toMatchObject({ body: { error: null, updated: '2026-08-02' } })
  expect(domains(rig)).toEqual(['worse.example'])
  expect(heard).toHaveLength(2)
  // The same again is confirmed, and nobody is told.
  await refresh(rig, id)
  expect(heard).toHaveLength(2)

  const as = rig.acme.keys.admin
  expect(await rig.ask('DELETE', `/v1/orgs/acme/blocklist/feeds/${id}`, { as })).toMatchObject({
    status: 204,
  })
  expect(domains(rig)).toEqual([])
  expect(heard).toHaveLength(3)
})

test('a pinned feed is what it was when it was pinned', async () => {
  await using rig = await ServerRig.start(loopback)
  const list = listOf('evil.example')
  files.set('/list.json', list)
  const trust = { kind: 'sha256', hash: sha256(list) }
  const made = await follow(rig, { name: 'pinned', url: `${base}/list.json`, trust })
  expect(made).toMatchObject({ body: { error: null } })
  expect(asked).toEqual(['/list.json'])
  const other = listOf('registry.example')
  files.set('/list.json', other)
  expect(await refresh(rig, (made.body as { id: string }).id)).toMatchObject({
    body: { error: `its SHA-256 is ${sha256(other)}, and not the one that was set` },
  })
  expect(domains(rig)).toEqual(['evil.example'])
})

const minute = 60_000
const until = async (times: number) =>
  expect
    .poll(() => asked.filter((path) => path === '/list.json').length, { timeout: 60_000 })
    .toBe(times)

test('feeds are fetched by themselves when they are due, a failed one again after some minutes', async () => {
  let now = Date.parse('2026-08-01')
  await using rig = await ServerRig.start(loopback, { clock: () => now })
  publish(listOf('evil.example'))
  await follow(rig, { ...signed(), everyMinutes: 60 })
  now += 59 * minute
  files.clear()
  now += minute
  await until(2)
  await expect
    .poll(
      async () =>
        (await rig.ask('GET', '/v1/orgs/acme/blocklist/feeds', { as: rig.acme.keys.viewer })).body,
      { timeout: 60_000 },
    )
    .toMatchObject({
      items: [{ error: 'it answered with status 404', fetchedAt: Date.parse('2026-08-01') }],
    })
  publish(listOf('worse.example'))
  now += 5 * minute
  await until(3)
  await expect.poll(() => domains(rig), { timeout: 60_000 }).toEqual(['worse.example'])
})

test.for([
  ['http://127.0.0.1:1/list.json'],
  ['http://localhost:1/list.json'],
  ['http://[::1]:1/list.json'],
  ['http://[::ffff:127.0.0.1]:1/list.json'],
  ['http://2130706433:1/'],
  ['http://0x7f.1:1/'],
  ['http://169.254.169.254/latest/meta-data'],
  ['http://10.1.2.3/'],
  ['http://[fd00::1]/'],
  ['http://[64:ff9b::a00:1]/'],
] as const)('%s is no feed, unless the operator says so', async ([url]) => {
  await using rig = await ServerRig.start()
  publish(listOf('evil.example'))
  const port = new URL(base).port
  const to = url.replace(':1/', `:${port}/`)
  expect(await follow(rig, { ...signed(), url: to })).toMatchObject({
    status: 200,
    body: { error: expect.stringContaining('is no address of the internet'), fetchedAt: null },
  })
  expect(asked).toEqual([])
})

const pin = { kind: 'sha256', hash: 'a'.repeat(64) }
test.for([
  [{ url: 'ftp://example.org/' }, 'url'],
  [{ url: 'https://user:word@example.org/' }, 'url'],
  [{ url: 'x' }, 'url'],
  [{ trust: { kind: 'none' } }, 'trust.kind'],
  [{ trust: { kind: 'sha256', hash: 'A' } }, 'trust.hash'],
  [{ trust: { kind: 'ed25519', publicKey: 'x' } }, 'trust.publicKey'],
  [{ everyMinutes: 0 }, 'everyMinutes'],
  [{ name: '' }, 'name'],
] as const)('what is wrong with a feed is told: %j', async ([wrong, at]) => {
  await using rig = await ServerRig.start()
  const body = { name: 'x', url: 'https://feeds.example.org/list.json', trust: pin, ...wrong }
  expect(await follow(rig, body)).toMatchObject({
    status: 400,
    body: { error: { where: [{ in: 'body', at }] } },
  })
})

test('feeds are an administrator’s to choose', async () => {
  await using rig = await ServerRig.start()
  const body = signed()
  const path = '/v1/orgs/acme/blocklist/feeds'
  for (const [as, to, status] of [
    [rig.acme.keys.editor, path, 403],
    [rig.other.keys.admin, path, 404],
    [rig.acme.keys.admin, '/v1/server/blocklist/feeds', 403],
  ] as const)
    expect(await rig.ask('POST', to, { as, body })).toMatchObject({ status })
  expect(asked).toEqual([])
})
