import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { write } from './ingest/sample-events.ts'
import { TestAgent } from './ingest/test-agent.ts'
import { ServerRig } from './server-rig.ts'

test('a key is shown once, says when it was used, and ends when it is taken back or its time is over', async () => {
  let now = Date.now()
  await using rig = await ServerRig.start({}, { clock: () => now })
  const as = rig.acme.keys.admin
  const made = await rig.ask('POST', '/v1/orgs/acme/keys', {
    as,
    body: { name: 'reader', role: 'viewer', expiresAt: now + 1000 },
  })
  const { id, key } = made.body as { id: string; key: string }
  expect(key).toMatch(/^rwk_[\w-]{43}$/)
  const listed = async () =>
    (
      (await rig.ask('GET', '/v1/orgs/acme/keys', { as })).body as { items: { id: string }[] }
    ).items.find((one) => one.id === id)
  expect(await listed()).toEqual({
    id,
    name: 'reader',
    role: 'viewer',
    hint: key.slice(0, 8),
    createdBy: 'key admin',
    createdAt: now,
    expiresAt: now + 1000,
    lastUsedAt: null,
    running: 0,
  })
  expect(await rig.ask('GET', '/v1/me', { as: key })).toMatchObject({ status: 200 })
  expect(await listed()).toMatchObject({ lastUsedAt: now })
  now += 1000
  expect(await rig.ask('GET', '/v1/me', { as: key })).toMatchObject({ status: 401 })

  const body = { name: 'long', role: 'editor' }
  const other = (await rig.ask('POST', '/v1/orgs/acme/keys', { as, body })).body as {
    id: string
    key: string
  }
  expect(await rig.ask('GET', '/v1/me', { as: other.key })).toMatchObject({ status: 200 })
  expect(await rig.ask('DELETE', `/v1/orgs/acme/keys/${other.id}`, { as })).toMatchObject({
    status: 204,
  })
  expect(await rig.ask('GET', '/v1/me', { as: other.key })).toMatchObject({ status: 401 })
})

test('a key that is taken back takes the tokens of its jobs with it, and no others', async () => {
  await using rig = await ServerRig.start()
  const as = rig.acme.keys.admin
  const made = await rig.ask('POST', '/v1/orgs/acme/keys', {
    as,
    body: { name: 'leaked', role: 'agent' },
  })
  const { id, key } = made.body as { id: string; key: string }
  const [of, other] = [new TestAgent(rig.url), new TestAgent(rig.url)]
  await of.start(key)
  await other.start(rig.acme.keys.agent)
  expect(await of.heartbeat()).toMatchObject({ status: 200 })
  const { items } = (await rig.ask('GET', '/v1/orgs/acme/keys', { as })).body as {
    items: { name: string; running: number }[]
  }
  expect(Object.fromEntries(items.map(({ name, running }) => [name, running]))).toMatchObject({
    leaked: 1,
    agent: 1,
    admin: 0,
  })
  expect(await rig.ask('DELETE', `/v1/orgs/acme/keys/${id}`, { as })).toMatchObject({ status: 204 })
  expect(await of.heartbeat()).toMatchObject({ status: 401 })
  expect(await of.send(of.pack([write(1, '/w/a')]))).toMatchObject({ status: 401 })
  expect(await other.heartbeat()).toMatchObject({ status: 200 })
})

test('nothing in the folder holds a key, a session or a token', async () => {
  await using rig = await ServerRig.start()
  const secrets = [
    ...Object.values(rig.acme.keys),
    rig.cookie,
    rig.jobToken('j'.repeat(20)),
    rig.server.signInUrl ?? '',
  ]
  const files = readdirSync(rig.data, { withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ name }) => readFileSync(join(rig.data, name), 'latin1'))
  expect(files.join('').length).toBeGreaterThan(10_000)
  for (const secret of secrets) {
    const random = secret.slice(-30)
    expect(files.filter((text) => text.includes(random))).toEqual([])
  }
})
