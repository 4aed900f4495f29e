import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeIssuer } from './fake-issuer.ts'
import { ServerRig } from './server-rig.ts'

let issuer: FakeIssuer
let rig: ServerRig
let now: number
beforeEach(async () => {
  now = Date.now()
  issuer = await FakeIssuer.start()
  rig = await ServerRig.start({ jobIssuer: issuer.url }, { clock: () => now })
})
afterEach(async () => {
  await rig[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const identify = (token: string) => rig.server.context.jobClaims(token)

test('a job is who GitHub says it is; the keys are fetched once', async () => {
  for (let i = 0; i < 3; i++)
    expect(await identify(await issuer.jobToken(rig.url))).toEqual({
      kind: 'job-claims',
      organisation: { id: rig.acme.id, name: 'acme' },
      claims: {
        repository: 'acme/app',
        repositoryOwner: 'acme',
        workflow: 'CI',
        workflowRef: null,
        jobWorkflowRef: null,
        ref: null,
        sha: null,
        event: null,
        actor: null,
        runId: '77',
        runAttempt: '1',
        runnerEnvironment: 'github-hosted',
      },
    })
  expect(issuer.asked).toEqual(['GET /.well-known/jwks'])
})

test.for([
  ['an other audience', { aud: 'https://elsewhere.example' }, 401, 'aud'],
  ['no audience', { aud: null }, 401, 'aud'],
  ['another issuer', { iss: 'https://evil.example' }, 401, 'iss'],
  ['no time at which it ends', { exp: null }, 401, 'exp'],
  ['a time that has passed', { exp: 1000 }, 401, 'expired'],
  ['a time that is to come', { nbf: 99_999_999_999 }, 401, 'nbf'],
  ['no repository', { repository: null }, 401, 'repository'],
  ['a repository that is none', { repository: '../app' }, 401, 'repository'],
  ['a repository of another owner', { repository: 'other/app' }, 401, 'repository'],
  ['no run', { run_id: null }, 401, 'run_id'],
  [
    'an owner whom nobody serves',
    { repository: 'evil/app', repository_owner: 'evil' },
    403,
    'evil',
  ],
] as const)('%s: it is refused', async ([, claims, statusCode, message]) => {
  const token = await issuer.jobToken(rig.url, { claims })
  await expect(identify(token)).rejects.toMatchObject({
    statusCode,
    message: expect.stringContaining(message),
  })
})

test('a signature by another key, by none, or by what everybody knows is refused', async () => {
  const { current, strange } = issuer.keys
  const forged = await issuer.jobToken(rig.url, { key: { ...strange, kid: current.kid } })
  const unknown = await issuer.jobToken(rig.url, { key: strange })
  const other = await issuer.jobToken(rig.url, { alg: 'RS512' })
  const [, body = ''] = (await issuer.jobToken(rig.url)).split('.')
  const part = (head: object): string =>
    `${Buffer.from(JSON.stringify(head)).toString('base64url')}.${body}`
  const none = `${part({ alg: 'none' })}.`
  const symmetric = part({ alg: 'HS256', kid: current.kid })
  const hmac = createHmac('sha256', JSON.stringify(current.jwk))
    .update(symmetric)
    .digest('base64url')
  for (const token of [
    forged,
    unknown,
    other,
    none,
    `${symmetric}.${hmac}`,
    'a.b.c',
    `${part({})}.x`,
  ])
    await expect(identify(token)).rejects.toMatchObject({ statusCode: 401 })
})

test('the token of an hour ago is refused, and keys that come later are fetched', async () => {
  const old = await issuer.jobToken(rig.url)
  now += 3_600_000
  await expect(identify(old)).rejects.toMatchObject({ code: 'token-expired' })
  issuer.published = [issuer.keys.current, issuer.keys.strange]
  expect(await identify(await issuer.jobToken(rig.url, { now }))).toMatchObject({
    kind: 'job-claims',
  })
})

test('a name of an owner that changed hands is refused, until an administrator takes it', async () => {
  const of = async (repository_owner_id: string) =>
    identify(await issuer.jobToken(rig.url, { claims: { repository_owner_id } }))
  await of('123')
  await expect(of('456')).rejects.toMatchObject({ statusCode: 403, code: 'another-owner' })
  const as = rig.acme.keys.admin
  expect(await rig.ask('DELETE', '/v1/orgs/acme/owner', { as })).toMatchObject({ status: 204 })
  await of('456')
  await expect(of('123')).rejects.toMatchObject({ code: 'another-owner' })
})

test('an issuer that can’t be reached is told as that: the job may try again', async () => {
  const token = await issuer.jobToken(rig.url)
  await using other = await ServerRig.start({ jobIssuer: 'http://127.0.0.1:1' })
  await expect(other.server.context.jobClaims(token)).rejects.toMatchObject({
    statusCode: 503,
    code: 'issuer-unreachable',
  })
})
