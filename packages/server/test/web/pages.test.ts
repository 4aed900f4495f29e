import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'

/** An app of two files, as its build leaves them. */
let web: string
let rig: ServerRig
const page = '<!doctype html><title>The app</title>'
const script = 'console.log("the app")'

beforeAll(async () => {
  web = mkdtempSync(join(tmpdir(), 'runwarden-app-'))
  mkdirSync(join(web, 'assets'))
  writeFileSync(join(web, 'index.html'), page)
  writeFileSync(join(web, 'assets/main-1a2b.js'), script)
  writeFileSync(join(web, 'assets/main-1a2b.js.br'), brotliCompressSync(script))
  writeFileSync(join(web, 'assets/main-1a2b.js.gz'), gzipSync(script))
  rig = await ServerRig.start({}, { web })
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
  rmSync(web, { recursive: true })
})

const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

test.each([
  '/',
  '/orgs/acme',
  '/github/acme/app/actions/runs/17/jobs/01j0?tab=dns',
  '/no/page/of/the/app',
])('a browser that asks for %s gets the app', async (path) => {
  const { status, headers, body } = await rig.ask('GET', path, { headers: browser })
  expect({ status, body, type: headers.get('content-type') }).toEqual({
    status: 200,
    body: page,
    type: 'text/html; charset=utf-8',
  })
})

test('the app runs its own scripts and styles, asks this server, and stands in no frame', async () => {
  const { headers } = await rig.ask('GET', '/orgs/acme', { headers: browser })
  const policy = Object.fromEntries(
    (headers.get('content-security-policy') ?? '')
      .split('; ')
      .map((rule) => [rule.split(' ')[0], rule.split(' ').slice(1).join(' ')]),
  )
  expect(policy).toEqual({
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self' data:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'manifest-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'self'",
    'frame-ancestors': "'none'",
    'require-trusted-types-for': "'script'",
    'trusted-types': "'none'",
  })
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('cache-control')).toBe('no-cache')
})

test('who asks for JSON gets what this is, and no page', async () => {
  const { status, body } = await rig.ask('GET', '/')
  expect({ status, body }).toMatchObject({ status: 200, body: { name: 'runwarden' } })
  for (const path of ['/orgs/acme', '/no/page'])
    expect((await rig.ask('GET', path)).status).toBe(404)
})

test.each(['/v1/none', '/assets/none.js', '/assets/..%2findex.html', '/openapi.json/x'])(
  'there is no page at %s, whatever a browser takes',
  async (path) => {
    const { status, body } = await rig.ask('GET', path, { headers: browser })
    expect({ status, body }).toMatchObject({ status: 404, body: { error: {} } })
  },
)

test('only reading gets a page', async () => {
  expect((await rig.ask('POST', '/orgs/acme', { headers: browser })).status).toBe(404)
})

test('a file whose name changes with its content is kept for good, packed as the browser takes it', async () => {
  const codings: (string | null)[] = []
  for (const encoding of ['gzip, deflate, br', 'gzip', 'identity', 'br;q=0, gzip']) {
    const headers = { 'accept-encoding': encoding }
    const answer = await fetch(`${rig.url}/assets/main-1a2b.js`, { headers })
    codings.push(answer.headers.get('content-encoding'))
    expect(await answer.text()).toBe(script)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(answer.headers.get('vary')).toContain('accept-encoding')
  }
  expect(codings).toEqual(['br', 'gzip', null, 'gzip'])
})

test('what a browser has already is not sent again', async () => {
  const { headers } = await rig.ask('GET', '/', { headers: browser })
  const etag = headers.get('etag') ?? ''
  const again = await rig.ask('GET', '/', { headers: { ...browser, 'if-none-match': etag } })
  expect({ status: again.status, body: again.body }).toEqual({ status: 304, body: '' })
})

test('a link that does not sign in any more leads to the page that says so', async () => {
  const path = `/v1/sign-in/link?token=rwl_${'a'.repeat(43)}`
  const { status, headers } = await rig.ask('GET', path, { headers: browser })
  expect({ status, to: headers.get('location') }).toEqual({
    status: 303,
    to: '/sign-in?problem=link-used',
  })
  expect((await rig.ask('GET', path)).status).toBe(410)
})

test('an installation without the app says so, and is a server all the same', async () => {
  await using other = await ServerRig.start({}, { web: join(web, 'none') })
  const { status, body } = await other.ask('GET', '/', { headers: browser })
  expect(status).toBe(404)
  expect(body).toContain('The web app is not part of this installation')
  expect((await other.ask('GET', '/healthz')).status).toBe(200)
})
