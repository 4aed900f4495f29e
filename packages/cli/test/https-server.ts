import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** An HTTPS server (HTTP/1.1 and HTTP/2) on the loopback, outside of every scope, and what reached it. */
export interface HttpsServer extends AsyncDisposable {
  port: number
  /** The certificate that its clients trust. */
  authority: string
  /** `POST /path, 96 bytes`, with the query. */
  requests: string[]
}

/** Answers 10 bytes, with 404 to paths that have `missing` in them. */
export async function httpsServer(folder: string): Promise<HttpsServer> {
  const key = join(folder, 'key.pem')
  const authority = join(folder, 'cert.pem')
  const name = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost,DNS:api.github.com',
  ]
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', authority]
  execFileSync('openssl', ['req', '-x509', ...made, ...name], { stdio: 'ignore' })
  const requests: string[] = []
  const server = createSecureServer(
    { key: readFileSync(key), cert: readFileSync(authority), allowHTTP1: true },
    (request, response) => {
      let bytes = 0
      request.on('data', (data: Buffer) => (bytes += data.length))
      request.on('end', () => {
        requests.push(`${request.method} ${request.url}, ${bytes} bytes`)
        response.statusCode = request.url.includes('missing') ? 404 : 200
        response.end('0123456789')
      })
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    authority,
    requests,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}
