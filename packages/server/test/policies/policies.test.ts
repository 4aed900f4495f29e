import { describe, expect, test } from 'vitest'
import { policiesFor, policiesVersion } from '../../src/policies/effective.ts'
import { ServerRig } from '../server-rig.ts'

const text = 'version: 1\negress: block\nallow:\n  - packages.example.org\n'

test('a policy is saved in versions, with author, reason and diff', async () => {
  await using rig = await ServerRig.start()
  const { editor, viewer } = rig.acme.keys
  const path = '/v1/orgs/acme/policies/release'
  const save = (body: object) => rig.ask('PUT', path, { as: editor, body })
  expect(await save({ text, reason: 'first', basedOn: 0 })).toMatchObject({
    status: 200,
    body: {
      version: 1,
      author: 'key editor',
      reason: 'first',
      origin: null,
      warnings: [],
      diff: '@@ -0,0 +1,4 @@\n+version: 1\n+egress: block\n+allow:\n+  - packages.example.org\n',
    },
  })
  expect(
    await save({ text: `${text}  - github.com\n`, reason: 'we check out', basedOn: 1 }),
  ).toMatchObject({ status: 200, body: { version: 2 } })
  expect(await save({ text, reason: 'late', basedOn: 1 })).toMatchObject({
    status: 409,
    body: { error: { code: 'changed-meanwhile' } },
  })
  expect(await rig.ask('GET', `${path}/versions`, { as: viewer })).toMatchObject({
    status: 200,
    body: {
      items: [
        {
          version: 2,
          reason: 'we check out',
          diff: '@@ -2,3 +2,4 @@\n egress: block\n allow:\n   - packages.example.org\n+  - github.com\n',
        },
        { version: 1 },
      ],
      next: null,
    },
  })
  expect(await rig.ask('GET', `${path}/text?version=1`, { as: viewer })).toMatchObject({
    status: 200,
    body: text,
  })
  const audit = await rig.ask('GET', '/v1/orgs/acme/audit', { as: rig.acme.keys.admin })
  expect(JSON.stringify(audit.body)).toContain('"policy.save"')
})

test('what is wrong with a text is told by line and column, with the nearest valid form', async () => {
  await using rig = await ServerRig.start()
  const wrong = 'version: 1\nallow:\n  - https://packages.example.org/\negres: block\n'
  for (const [method, path] of [
    ['PUT', '/v1/orgs/acme/policies/release'],
    ['POST', '/v1/orgs/acme/policy-checks'],
  ] as const) {
    const body = { text: wrong, ...(method === 'PUT' ? { reason: 'x' } : {}) }
    expect(await rig.ask(method, path, { as: rig.acme.keys.editor, body })).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'policy-invalid',
          where: [
            {
              in: 'body',
              at: 'text',
              line: 3,
              column: 5,
              text: 'https://packages.example.org/',
              nearest: 'packages.example.org:443',
            },
            { line: 4, column: 1, nearest: 'egress' },
          ],
        },
      },
    })
  }
})

test.for([
  ['PUT', '/v1/orgs/acme/policies/release', { text }, 'reason'],
  ['PUT', '/v1/orgs/acme/policies/release', { text, reason: ' ' }, 'reason'],
  ['PUT', '/v1/orgs/acme/policies/release', { text: 5, reason: 'x' }, 'text'],
  ['PUT', '/v1/orgs/acme/policies/release', { text, reason: 'x', basedOn: -1 }, 'basedOn'],
  ['PUT', '/v1/orgs/acme/policies/release', undefined, ''],
  ['PUT', '/v1/orgs/acme/policies/-x', { text, reason: 'x' }, 'policy'],
  ['PUT', '/v1/orgs/acme/policies/a%2Fb', { text, reason: 'x' }, 'policy'],
  ['PUT', '/v1/orgs/acme/policies/big', { text: `#${'x'.repeat(300_000)}`, reason: 'x' }, 'text'],
  ['GET', '/v1/orgs/acme/policies?limit=0', undefined, 'limit'],
  ['GET', '/v1/orgs/acme/policies?after=x', undefined, 'after'],
  ['GET', '/v1/orgs/acme/policies/release?version=x', undefined, 'version'],
  ['GET', '/v1/orgs/acme/policies/release/versions?below=0', undefined, 'below'],
  ['POST', '/v1/orgs/acme/policy-attachments', { policy: 'release' }, 'target'],
  [
    'POST',
    '/v1/orgs/acme/policy-attachments',
    { policy: 'p', target: { level: 'host' } },
    'target.level',
  ],
  [
    'POST',
    '/v1/orgs/acme/policy-attachments',
    { policy: 'p', target: { level: 'cluster' } },
    'target.level',
  ],
  [
    'POST',
    '/v1/orgs/acme/policy-attachments',
    { policy: 'p', target: { level: 'repository', repository: 'other/app' } },
    'target.repository',
  ],
  ['DELETE', '/v1/orgs/acme/policy-attachments/x', undefined, 'attachment'],
  [
    'GET',
    '/v1/orgs/acme/effective-policies?repository=x&workflow=a&job=b',
    undefined,
    'repository',
  ],
] as const)(
  '%s %s is a 400 that says where its input is wrong',
  async ([method, path, body, at]) => {
    await using rig = await ServerRig.start()
    const answer = await rig.ask(method, path, { as: rig.acme.keys.editor, body })
    expect(answer).toMatchObject({ status: 400, body: { error: { where: [{ at }] } } })
  },
)

async function rigWithPolicies(): Promise<ServerRig> {
  const rig = await ServerRig.start()
  const own = { cookie: rig.cookie, origin: rig.url }
  const save = async (base: string, name: string, target: object, who: object) => {
    const body = { text: `${text}# ${name}\n`, reason: 'x' }
    expect(await rig.ask('PUT', `${base}/policies/${name}`, { body, ...who })).toMatchObject({
      status: 200,
    })
    expect(
      await rig.ask('POST', `${base}/policy-attachments`, {
        body: { policy: name, target },
        ...who,
      }),
    ).toMatchObject({ status: 200 })
  }
  const acme = { as: rig.acme.keys.editor }
  await save('/v1/server', 'everybody', { level: 'cluster' }, { headers: own })
  await save('/v1/orgs/acme', 'org', { level: 'organisation' }, acme)
  await save('/v1/orgs/acme', 'app', { level: 'repository', repository: 'acme/APP' }, acme)
  const deploys = { level: 'workflow', repository: 'acme/app', workflow: 'Deploy' }
  await save('/v1/orgs/acme', 'deploys', deploys, acme)
  const target = { level: 'job', repository: 'acme/app', job: 'publish' }
  await save('/v1/orgs/acme', 'by-name', { ...target, workflow: 'Release' }, acme)
  const workflow = '.github/workflows/release.yml'
  await save('/v1/orgs/acme', 'by-file', { ...target, workflow }, acme)
  await save(
    '/v1/orgs/other',
    'others',
    { level: 'organisation' },
    {
      as: rig.other.keys.editor,
    },
  )
  return rig
}

describe('what holds for a job', () => {
  const job = {
    repository: 'Acme/App',
    workflow: 'Release',
    workflowRef: 'acme/app/.github/workflows/release.yml@refs/heads/main',
    job: 'publish',
  }

  test('the job’s own, its workflow’s, its repository’s, its organisation’s, the cluster’s', async () => {
    await using rig = await rigWithPolicies()
    const { db } = rig.server.context
    const names = (of: Partial<typeof job>, ask: Parameters<typeof policiesFor>[3]) =>
      policiesFor(db, rig.acme.id, { ...job, ...of }, ask).map(
        ({ level, name }) => `${level} ${name}`,
      )
    const store = { from: 'store' } as const
    const below = ['repository app', 'organisation org', 'cluster everybody']
    expect(names({}, store)).toEqual(['job by-file', ...below])
    expect(names({ workflowRef: 'acme/app/.github/workflows/x.yml@main' }, store)).toEqual([
      'job by-name',
      ...below,
    ])
    // A workflow can call itself anything.
    expect(
      names(
        {
          workflowRef: 'acme/app/.github/workflows/x.yml@main',
          workflow: '.github/workflows/release.yml',
        },
        store,
      ),
    ).toEqual(below)
    expect(names({ job: 'test' }, store)).toEqual(below)
    const deploy = { workflow: 'Deploy', workflowRef: 'acme/app/.github/workflows/d.yml@main' }
    expect(names(deploy, store)).toEqual(['workflow deploys', ...below])
    expect(names({ ...deploy, repository: 'acme/lib' }, store)).toEqual(below.slice(1))
    expect(names(deploy, { from: 'name', name: 'org' })).toEqual([
      'job org',
      'workflow deploys',
      ...below,
    ])
    expect(names({ repository: 'acme/lib' }, store)).toEqual(below.slice(1))
    expect(names({}, { from: 'workflow' })).toEqual([])
    expect(names({}, { from: 'name', name: 'org' })).toEqual(['job org', ...below])
    expect(names({}, { from: 'name', name: 'everybody' })).toEqual(['job everybody', ...below])
    expect(() => names({}, { from: 'name', name: 'others' })).toThrow(/no policy named others/)
  })

  test('is asked for by people, too', async () => {
    await using rig = await rigWithPolicies()
    const query = 'repository=acme/app&workflow=.github/workflows/release.yml&job=publish'
    const as = rig.acme.keys.viewer
    expect(await rig.ask('GET', `/v1/orgs/acme/effective-policies?${query}`, { as })).toMatchObject(
      {
        body: {
          items: [
            { level: 'job', name: 'by-file', version: 1 },
            { name: 'app' },
            { name: 'org' },
            { name: 'everybody' },
          ],
        },
      },
    )
  })

  test('what takes a policy’s place is attached anew: an older page does not detach it', async () => {
    await using rig = await rigWithPolicies()
    const as = rig.acme.keys.editor
    const path = '/v1/orgs/acme/policy-attachments'
    const holds = async () =>
      (
        (await rig.ask('GET', path, { as })).body as { items: { policy: string; level: string }[] }
      ).items.flatMap(({ policy, level }) => (level === 'organisation' ? [policy] : []))
    const target = { level: 'organisation' }
    const attach = async (policy: string) =>
      (await rig.ask('POST', path, { as, body: { policy, target } })).body as { id: string }
    const first = await attach('org')
    const second = await attach('app')
    expect(second).toMatchObject({ replaced: 'org' })
    expect(await rig.ask('DELETE', `${path}/${first.id}`, { as })).toMatchObject({ status: 404 })
    expect(await holds()).toEqual(['app'])
    expect(await rig.ask('DELETE', `${path}/${second.id}`, { as })).toMatchObject({ status: 204 })
    expect(await holds()).toEqual([])
    expect(await attach('org')).toMatchObject({ replaced: null })
  })

  test('a policy that is attached is not deleted, and a save holds at once', async () => {
    await using rig = await rigWithPolicies()
    const as = rig.acme.keys.editor
    const heard: (string | null)[] = []
    rig.server.context.bus.on('policy', (owner) => heard.push(owner))
    expect(await rig.ask('DELETE', '/v1/orgs/acme/policies/org', { as })).toMatchObject({
      status: 409,
    })
    await rig.ask('PUT', '/v1/orgs/acme/policies/org', {
      as,
      body: { text: `${text}# more\n`, reason: 'more' },
    })
    expect(heard).toEqual([rig.acme.id])
    const got = policiesFor(rig.server.context.db, rig.acme.id, job, { from: 'store' })
    expect(policiesVersion(got)).not.toBe(policiesVersion(got.slice(1)))
    expect(got[2]).toMatchObject({ name: 'org', version: 2, text: `${text}# more\n` })
    const list = await rig.ask('GET', '/v1/orgs/acme/policy-attachments', { as })
    const { items } = list.body as { items: { id: string; policy: string }[] }
    const id = items.find(({ policy }) => policy === 'org')?.id
    expect(await rig.ask('DELETE', `/v1/orgs/acme/policy-attachments/${id}`, { as })).toMatchObject(
      {
        status: 204,
      },
    )
    expect(await rig.ask('DELETE', '/v1/orgs/acme/policies/org', { as })).toMatchObject({
      status: 204,
    })
    expect(await rig.ask('GET', '/v1/orgs/acme/policies/org', { as })).toMatchObject({
      status: 404,
    })
    // Jobs have recorded its versions 1 and 2.
    expect(
      await rig.ask('PUT', '/v1/orgs/acme/policies/org', {
        as,
        body: { text, reason: 'again', basedOn: 0 },
      }),
    ).toMatchObject({ status: 200, body: { version: 3 } })
  })
})
