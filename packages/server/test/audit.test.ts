import type { RouteOptions } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hashSecret } from '../src/auth/secret.ts'
import { type Ask, ServerRig } from './server-rig.ts'
import { type Things, thingsOf } from './tenant-things.ts'

/** Routes that take something and change nothing, or are an agent's word on its own job, which the job's record has. */
const changesNothing = new Set([
  'POST /v1/orgs/:org/policy-checks',
  'POST /v1/server/policy-checks',
  'POST /v1/orgs/:org/policy-simulations',
  'POST /v1/orgs/:org/suppression-previews',
])

const policy = { text: 'version: 1\negress: audit\n', reason: 'a test' }
const attachment = (level: string) => ({ policy: 'mine', target: { level } })
const entries = { entries: [{ value: 'bad.example', reason: 'a test' }] }
// No address of the internet: nothing is fetched.
const feed = {
  name: 'a feed',
  url: 'http://127.0.0.1:1/',
  trust: { kind: 'sha256', hash: '0'.repeat(64) },
}

/** Of each route that changes something: what it is sent, and how the change is called. In an order in which each finds what it needs. */
const changes: readonly (readonly [route: string, body: unknown, action: string])[] = [
  ['POST /v1/orgs', { name: 'third' }, 'organisation.add'],
  ['DELETE /v1/orgs/:org/owner', undefined, 'organisation.forget-owner'],
  ['PUT /v1/orgs/:org/members/:user', { role: 'editor' }, 'member.role'],
  ['DELETE /v1/orgs/:org/members/:user', undefined, 'member.remove'],
  ['POST /v1/orgs/:org/invitations', { name: 'x', role: 'viewer' }, 'member.invite'],
  ['DELETE /v1/orgs/:org/invitations/:invitation', undefined, 'member.uninvite'],
  ['POST /v1/orgs/:org/keys', { name: 'x', role: 'viewer' }, 'key.create'],
  ['DELETE /v1/orgs/:org/keys/:key', undefined, 'key.delete'],
  ['PUT /v1/orgs/:org/policies/:policy', policy, 'policy.save'],
  ['POST /v1/orgs/:org/policy-attachments', attachment('organisation'), 'policy.attach'],
  ['DELETE /v1/orgs/:org/policy-attachments/:attachment', undefined, 'policy.detach'],
  ['DELETE /v1/orgs/:org/policies/:policy', undefined, 'policy.delete'],
  ['PUT /v1/server/policies/:policy', policy, 'policy.save'],
  ['POST /v1/server/policy-attachments', attachment('cluster'), 'policy.attach'],
  ['DELETE /v1/server/policy-attachments/:attachment', undefined, 'policy.detach'],
  ['DELETE /v1/server/policies/:policy', undefined, 'policy.delete'],
  ['POST /v1/orgs/:org/blocklist/entries', entries, 'block-list.add'],
  ['DELETE /v1/orgs/:org/blocklist/entries/:entry', undefined, 'block-list.remove'],
  ['POST /v1/server/blocklist/entries', entries, 'block-list.add'],
  ['DELETE /v1/server/blocklist/entries/:entry', undefined, 'block-list.remove'],
  ['POST /v1/orgs/:org/blocklist/feeds', feed, 'block-list.follow'],
  ['POST /v1/orgs/:org/blocklist/feeds/:feed/refresh', undefined, 'block-list.refresh'],
  ['DELETE /v1/orgs/:org/blocklist/feeds/:feed', undefined, 'block-list.unfollow'],
  ['POST /v1/server/blocklist/feeds', feed, 'block-list.follow'],
  ['POST /v1/server/blocklist/feeds/:feed/refresh', undefined, 'block-list.refresh'],
  ['DELETE /v1/server/blocklist/feeds/:feed', undefined, 'block-list.unfollow'],
  [
    'POST /v1/orgs/:org/detections/:detection/state',
    { state: 'resolved', note: 'a test' },
    'detection.state',
  ],
  [
    'POST /v1/orgs/:org/suppressions',
    { match: { job: 'none' }, reason: 'a test' },
    'suppression.create',
  ],
  ['DELETE /v1/orgs/:org/suppressions/:suppression', undefined, 'suppression.delete'],
  ['POST /v1/sign-in/invitation', undefined, 'member.join'],
  ['POST /v1/sign-in/link', undefined, 'sign-in'],
  ['DELETE /v1/me/sessions/:session', undefined, 'session.end'],
  ['POST /v1/sign-out', undefined, 'sign-out'],
]

let rig: ServerRig
let things: Record<string, string>
let routes: readonly RouteOptions[]
beforeAll(async () => {
  rig = await ServerRig.start({ rateLimit: 0 })
  const own: Things = await thingsOf(rig, rig.acme)
  const { auth, db } = rig.server.context
  const admin = db.get<{ id: string }>('SELECT id FROM users WHERE operator = 1')?.id ?? ''
  things = { ...own, org: 'acme', policy: 'mine' }
  things['session'] = Buffer.from(hashSecret(auth.createSession(admin))).toString('hex')
  routes = rig.server.app.routes.filter(({ method }) => !['GET', 'HEAD'].includes(String(method)))
})
afterAll(() => rig[Symbol.asyncDispose]())

const nameOf = ({ method, url }: RouteOptions): string => `${String(method)} ${url}`

test('each route that changes something is known here', () => {
  const asked = routes
    .filter(({ config }) => config?.right !== 'job' && config?.right !== 'agent')
    .map(nameOf)
    .filter((name) => !changesNothing.has(name))
  expect(asked.toSorted()).toEqual(changes.map(([name]) => name).toSorted())
})

test.for(changes)(
  '%s is in the audit log: who, what, when, from where',
  async ([name, body, action]) => {
    const [method = '', url = ''] = name.split(' ')
    const before = newest(action)
    const isOrganisations = url.startsWith('/v1/orgs/')
    const ask: Ask = isOrganisations
      ? { as: rig.acme.keys.admin }
      : { headers: { cookie: rig.cookie, origin: rig.url } }
    const query = action === 'member.join' ? invitation() : action === 'sign-in' ? link() : ''
    const path = url.replaceAll(/:(\w+)/g, (_, parameter: string) => things[parameter] ?? 'none')
    const answer = await rig.ask(method, path + query, {
      ...ask,
      ...(body === undefined ? {} : { body }),
    })
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(400)
    const { id, ids = [] } = (answer.body ?? {}) as { id?: string; ids?: string[] }
    const made = id ?? ids[0]
    // What was made is what the next one takes away.
    const kind = Object.keys(kinds).find((end) => url.endsWith(end))
    if (kind !== undefined) things[kinds[kind] ?? ''] = made ?? ''

    const entry = newest(action)
    expect(entry?.id).not.toBe(before?.id)
    expect(entry).toMatchObject({
      action,
      actor: expect.stringMatching(isOrganisations ? /^key admin/ : /^user /),
      organisation:
        action === 'organisation.add'
          ? made
          : isOrganisations || action === 'member.join'
            ? rig.acme.id
            : null,
      address: '127.0.0.1',
    })
    expect(Math.abs((entry?.at ?? 0) - Date.now())).toBeLessThan(60_000)
    // Neither keys nor links.
    expect(JSON.stringify(entry)).not.toMatch(/rw[a-z]_[\w-]{20}/)
  },
)

/** What routes that make something make, by the end of their paths. */
const kinds: Readonly<Record<string, string>> = {
  '/policy-attachments': 'attachment',
  '/blocklist/entries': 'entry',
  '/blocklist/feeds': 'feed',
  '/suppressions': 'suppression',
}

interface Entry {
  id: string
  at: number
  action: string
  actor: string
  organisation: string | null
  address: string | null
}

/** The last entry of such changes. */
function newest(action: string): Entry | undefined {
  return rig.server.context.db.get<Entry>(
    `SELECT id, at, action, actor, organisation_id AS organisation, address, subject, detail FROM audit
     WHERE action = ? ORDER BY id DESC LIMIT 1`,
    action,
  )
}

test('people and keys of one name are told apart', async () => {
  const { auth } = rig.server.context
  const ids = ['a', 'b'].map((subject) => auth.ensureUser('https://idp.example', subject, 'alice'))
  for (const id of ids) {
    auth.setMember(rig.acme.id, id, 'admin')
    const headers = { cookie: `runwarden-session=${auth.createSession(id)}`, origin: rig.url }
    const body = { name: 'new', role: 'viewer' }
    expect(await rig.ask('POST', '/v1/orgs/acme/invitations', { body, headers })).toMatchObject({
      status: 200,
    })
  }
  const { body } = await rig.ask('GET', '/v1/orgs/acme/audit?limit=2', { as: rig.acme.keys.admin })
  expect(body).toMatchObject({
    items: ids.toReversed().map((actorId) => ({ actor: 'user alice', actorId })),
  })
})

/** What the button of an administrator's link sends. */
function link(): string {
  const { auth } = rig.server.context
  return `?token=${auth.createSignInLink(auth.ensureUser('local', 'admin', 'admin'))}`
}

/** What an invitation's button sends. */
function invitation(): string {
  const { auth } = rig.server.context
  const by = { kind: 'nobody' } as const
  const { secret } = auth.createInvitation(rig.acme.id, { name: 'new', role: 'viewer' }, by)
  return `?token=${secret}`
}
