import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempDisposableSync } from 'node:fs'
import { once } from 'node:events'
import { type IncomingMessage, request as overHttp } from 'node:http'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { createLog } from '../src/log.ts'
import { holderOf } from '../src/rate.ts'
import { TestAgent } from './ingest/test-agent.ts'
import { ServerRig } from './server-rig.ts'

/** A certificate for 127.0.0.1, signed by itself. */
function certificate(folder: string, name: string): { tlsCert: string; tlsKey: string } {
  const made = { tlsCert: join(folder, `${name}.pem`), tlsKey: join(folder, `${name}.key`) }
  const what = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30']
  const who = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
  const out = ['-keyout', made.tlsKey, '-out', made.tlsCert]
  execFileSync('openssl', ['req', '-x509', ...what, ...who, ...out], { stdio: 'ignore' })
  return made
}

/** Whose certificate the server shows now, and what it answers. */
async function overTls(
  url: string,
  method = 'GET',
): Promise<{ name: unknown; headers: NodeJS.Dict<string | string[]> }> {
  const headers = { origin: new URL(url).origin }
  const asked = request(url, { method, headers, rejectUnauthorized: false, agent: false }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  const name = (answer.socket as TLSSocket).getPeerCertificate().subject.CN
  await once(answer, 'end')
  return { name, headers: answer.headers }
}

test('it speaks TLS with the files of today, and marks its cookie for TLS alone', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'runwarden-tls-'))
  const files = certificate(folder.path, 'first')
  await using rig = await ServerRig.start(files)
  expect(rig.url).toMatch(/^https:/)
  const link = rig.server.signInUrl ?? ''
  const { name, headers } = await overTls(link, 'POST')
  expect(name).toBe('first')
  expect(headers).toMatchObject({
    'strict-transport-security': 'max-age=31536000',
    'set-cookie': [expect.stringMatching(/; HttpOnly; SameSite=Lax; Secure$/)],
  })
  const second = certificate(folder.path, 'second')
  copyFileSync(second.tlsCert, files.tlsCert)
  copyFileSync(second.tlsKey, files.tlsKey)
  while ((await overTls(`${rig.url}/healthz`)).name !== 'second')
    await new Promise((resolve) => setTimeout(resolve, 200))
})

/** Whose address the audit log has, for a server with these proxies. */
const addressIn = async (trustedProxies: string[]): Promise<unknown> => {
  await using rig = await ServerRig.start({ trustedProxies })
  const headers = { 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'https' }
  const body = { name: 'a key', role: 'viewer' }
  const as = rig.acme.keys.admin
  await rig.ask('POST', '/v1/orgs/acme/keys', { as, body, headers })
  const { items } = (await rig.ask('GET', '/v1/orgs/acme/audit', { as })).body as {
    items: { address: string }[]
  }
  return items[0]?.address
}

test('what a proxy says of the caller is believed of the proxies that are named, and of nobody else', async () => {
  expect(await addressIn([])).toBe('127.0.0.1')
  expect(await addressIn(['10.0.0.0/8'])).toBe('127.0.0.1')
  expect(await addressIn(['127.0.0.0/8'])).toBe('198.51.100.7')
})

test('each caller has its own rate; it comes back with time', async () => {
  let now = Date.now()
  await using rig = await ServerRig.start({ rateLimit: 2 }, { clock: () => now })
  const statuses = async (as: string): Promise<number[]> => {
    const all = []
    for (let i = 0; i < 12; i++) all.push((await rig.ask('GET', '/v1/orgs/acme', { as })).status)
    return all
  }
  const limited = [...Array<number>(10).fill(200), 429, 429]
  expect(await statuses(rig.acme.keys.viewer)).toEqual(limited)
  expect(await statuses(rig.acme.keys.editor)).toEqual(limited)
  now += 1000
  expect((await statuses(rig.acme.keys.viewer)).filter((status) => status === 200)).toHaveLength(2)
  // Whose key is none counts by address.
  expect(await statuses(`rwk_${'A'.repeat(43)}`)).toEqual([
    ...Array<number>(10).fill(401),
    429,
    429,
  ])
})

test.for([
  ['198.51.100.7', '198.51.100.7'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
] as const)('%s counts as %s', ([address, holder]) => {
  expect(holderOf(address)).toBe(holder)
})

test('signing in has a rate of its own', async () => {
  await using rig = await ServerRig.start({ rateLimit: 0 })
  const statuses = new Set<number>()
  const path = `/v1/sign-in/link?token=rwl_${'A'.repeat(43)}`
  for (let i = 0; i < 40; i++) statuses.add((await rig.ask('GET', path)).status)
  expect([...statuses]).toEqual([410, 429])
})

test('no secret comes into the log, whatever is asked', async () => {
  let written = ''
  const into = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString()
      done()
    },
  })
  const log = createLog({ logLevel: 'debug' }, into)
  await using rig = await ServerRig.start({}, { log })
  const secrets = [...Object.values(rig.acme.keys), rig.cookie, 'query-secret', 'body-secret']
  const headers = { cookie: rig.cookie, origin: rig.url }
  await rig.ask('GET', `/v1/me?token=query-secret`, { headers })
  await rig.ask('GET', `/nowhere/query-secret`, { headers })
  await rig.ask('POST', '/v1/orgs', { headers, body: { name: 'body-secret', role: 1 } })
  await rig.ask('POST', '/v1/orgs', { headers, rawBody: '{"body-secret"' })
  for (const as of Object.values(rig.acme.keys)) await rig.ask('GET', '/v1/orgs/acme/keys', { as })
  log.info({ authorization: 'query-secret', headers: { cookie: 'body-secret' } }, 'slipped in')
  // A failure of the server's own.
  rig.server.context.db.exec('DROP TABLE audit')
  const failed = await rig.ask('GET', '/v1/orgs/acme/audit', { as: rig.acme.keys.admin })
  expect(failed).toMatchObject({ status: 500, body: { error: { code: 'internal' } } })
  expect(JSON.stringify(failed.body)).not.toContain('audit')
  expect(written).toContain('no such table: audit')
  expect(written).toContain('"route":"/v1/me"')
  for (const secret of secrets) expect(written).not.toContain(secret.slice(-30))
})

test('what is no HTTP, or too much of it, is refused', async () => {
  await using rig = await ServerRig.start()
  const said = async (text: string): Promise<string> => {
    const socket = connect(Number(new URL(rig.url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => {
      answer += data.toString()
    })
    // What it does not read, it resets.
    socket.on('error', () => {})
    socket.write(text)
    await new Promise((resolve) => socket.once('close', resolve))
    return answer.split('\r\n')[0] ?? ''
  }
  expect(await said('hello\r\n\r\n')).toMatch(/ 400 /)
  expect(await said(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`)).toMatch(
    / 431 /,
  )
  const as = rig.acme.keys.admin
  const large = { name: 'x'.repeat(2 << 20), role: 'viewer' }
  expect(await rig.ask('POST', '/v1/orgs/acme/keys', { as, body: large })).toMatchObject({
    status: 413,
  })
  const text = { as, rawBody: '{}', headers: { 'content-type': 'text/plain' } }
  expect(await rig.ask('POST', '/v1/orgs/acme/keys', text)).toMatchObject({ status: 415 })
})

test('the end waits for what is being answered, and for no stream', async () => {
  const rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const stream = await fetch(`${rig.url}/v1/jobs/${agent.jobId}/stream`, {
    headers: { authorization: `Bearer ${agent.token}` },
  })
  expect(stream.status).toBe(200)

  const body = JSON.stringify({ name: 'a key', role: 'viewer' })
  const asked = overHttp(`${rig.url}/v1/orgs/acme/keys`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${rig.acme.keys.admin}`,
      'content-type': 'application/json',
      'content-length': body.length,
      expect: '100-continue',
    },
  })
  asked.flushHeaders()
  // Now it is the server's, which waits for the rest.
  await once(asked, 'continue')
  asked.write(body.slice(0, 5))
  const ended = rig[Symbol.asyncDispose]()
  await stream.text().catch(() => '')
  asked.end(body.slice(5))
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  expect(answer.statusCode).toBe(200)
  answer.resume()
  await ended
  await expect(fetch(`${rig.url}/healthz`)).rejects.toThrow('fetch failed')
})
