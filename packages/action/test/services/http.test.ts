import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
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

/** A server with TLS that nobody vouches for but `ca`, and the requests that it got. */
async function secureServer(): Promise<{ url: URL; ca: string; asked: () => number }> {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-http-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`
  execFileSync('openssl', words.split(' '), { stdio: 'ignore' })
  let asked = 0
  const files = { key: readFileSync(key), cert: readFileSync(cert) }
  const server = createSecureServer(files, (_, response) => {
    asked++
    response.end('by TLS')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return { url, ca: cert, asked: () => asked }
}

test('a certificate that nobody vouches for is refused, whatever a step has told node', async () => {
  const { url, asked } = await secureServer()
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  onTestFinished(() => void delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
  await expect(ask(url, { signal: soon() })).rejects.toThrow('DEPTH_ZERO_SELF_SIGNED_CERT')
  expect(asked()).toBe(0)
})

test('a runner’s proxy and authority are used, and the proxy sees host and port alone', async () => {
  const { url, ca, asked } = await secureServer()
  const heads: string[] = []
  const proxy = createServer((client) => {
    client.once('data', (head: Buffer) => {
      heads.push(head.toString())
      const server = connect(Number(url.port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        client.pipe(server).pipe(client)
      })
      server.on('error', () => client.destroy())
    })
    client.on('error', () => {})
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  onTestFinished(() => void proxy.close())
  const script = `const { ask } = await import(process.argv[1])
const headers = { authorization: 'Bearer secret' }
const signal = AbortSignal.timeout(20_000)
const { body } = await ask(new URL('/path', process.argv[2]), { headers, signal })
console.log(body.toString())`
  const program = join(import.meta.dirname, '../../src/http.ts')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module', '--eval', script, program, url.href],
    {
      env: {
        HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        NODE_EXTRA_CA_CERTS: ca,
      },
    },
  )
  expect(stdout).toBe('by TLS\n')
  expect(asked()).toBe(1)
  expect(heads).toEqual([expect.stringMatching(/^CONNECT 127\.0\.0\.1:\d+ HTTP\/1\.1\r\n/)])
  expect(heads.join()).not.toMatch(/secret|path/)
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
