import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ask, askForSuccess } from '../../src/http.ts'
import { serve } from './server.ts'

const soon = () => AbortSignal.timeout(20_000)

/** A port of loopback whose server takes connections and says nothing, and how many came. */
async function silentPort(): Promise<{ port: number; connections: () => number }> {
  let count = 0
  const server = createServer(() => count++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, connections: () => count }
}

test('a handshake that does not come to its end has a time-out of its own', async () => {
  const { port, connections } = await silentPort()
  const asking = ask(new URL(`https://127.0.0.1:${port}/`), { signal: soon(), connectMs: 200 })
  await expect(asking).rejects.toMatchObject({ code: 'TIMED_OUT', retryable: true })
  expect(connections()).toBe(1)
})

test('an answer that is slow is waited for, as long as the whole may take', async () => {
  await using server = await serve((_, response) => {
    setTimeout(() => response.end('late'), 600)
  })
  const reply = await ask(new URL(server.url), { signal: soon(), connectMs: 200 })
  expect(reply.body.toString()).toBe('late')
  const asking = ask(new URL(server.url), { signal: AbortSignal.timeout(100) })
  await expect(asking).rejects.toMatchObject({ code: 'TIMED_OUT' })
})

test('a certificate that nobody vouches for is refused, whatever a step has told node', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-http-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name))
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`
  execFileSync('openssl', words.split(' '), { stdio: 'ignore' })
  let asked = 0
  const files = { key: readFileSync(key ?? ''), cert: readFileSync(cert ?? '') }
  const server = createSecureServer(files, () => asked++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  onTestFinished(() => void delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await expect(ask(url, { signal: soon() })).rejects.toThrow('DEPTH_ZERO_SELF_SIGNED_CERT')
  expect(asked).toBe(0)
})

test('what it says names no query and no credentials', async () => {
  await using server = await serve((_, response) => void response.writeHead(500).end())
  const url = new URL(server.url.replace('//', '//user:word@'))
  url.search = '?sig=secret'
  const said = await askForSuccess(url, { signal: soon() }).catch((error: unknown) => String(error))
  expect(said).toBe(`RequestError: ${server.url}/ answered 500`)
})

test('an answer that never ends is cut', async () => {
  await using server = await serve((_, response) => {
    const more = (): void => {
      if (!response.destroyed) response.write('x'.repeat(1 << 16), more)
    }
    more()
  })
  const asking = ask(new URL(server.url), { signal: soon(), limit: 1 << 20 })
  await expect(asking).rejects.toMatchObject({ code: 'TOO_LARGE', retryable: false })
})
