import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTlsCapture, type TlsCapture, type TlsUnseen, type TlsUse } from '../../src/index.ts'
import type { TlsChunk, TlsEnd } from '../../src/index.ts'
import { cgroupRoot, type Ended, runIn } from '../observed.ts'

/** A scope whose TLS is captured, and an HTTPS server beside it (HTTP/1.1 and HTTP/2) that answers `answer-BODY`. */
export class Captured implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'runwarden-tls-'))
  readonly authority = join(this.folder, 'cert.pem')
  readonly cgroup = mkdtempSync(join(cgroupRoot(), 'runwarden-tls-'))
  readonly capture: TlsCapture
  readonly chunks: TlsChunk[] = []
  readonly ends: TlsEnd[] = []
  readonly uses: TlsUse[] = []
  readonly unseen: TlsUnseen[] = []
  /** What reached the server: a request's path and body each. */
  readonly requests: { path: string; body: string; version: string }[] = []
  #server!: Http2SecureServer

  private constructor(places: readonly string[] | undefined) {
    this.capture = startTlsCapture({
      scopeCgroup: this.cgroup,
      ...(places ? { places } : {}),
      onContent: (content) => {
        for (const one of content) {
          if ('goesOn' in one) continue
          if ('data' in one) this.chunks.push({ ...one, data: Buffer.from(one.data) })
          else this.ends.push(one)
        }
      },
      onUse: (use) => this.uses.push(use),
      onUnseen: (unseen) => this.unseen.push(unseen),
    })
  }

  /** @param places what is probed at once; by default what startTlsCapture has by itself */
  static async start(places?: readonly string[]): Promise<Captured> {
    const captured = new Captured(places)
    await captured.#serve()
    return captured
  }

  async #serve(): Promise<void> {
    const key = join(this.folder, 'key.pem')
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', this.authority]
    execFileSync('openssl', ['req', '-x509', ...made, ...name], { stdio: 'ignore' })
    const pair = { key: readFileSync(key), cert: readFileSync(this.authority) }
    this.#server = createSecureServer({ ...pair, allowHTTP1: true }, (request, response) => {
      let body = ''
      request.on('data', (data) => (body += String(data)))
      request.on('end', () => {
        this.requests.push({ path: request.url, body, version: request.httpVersion })
        response.end(`answer-${body.slice(0, 200)}`)
      })
    })
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get url(): string {
    return `https://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  /** Runs a program in the scope, to its end; it trusts the server. */
  async run(
    command: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<Ended> {
    const ended = await runIn(this.cgroup, [command, ...args], {
      cwd: this.folder,
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        GOCACHE: join(tmpdir(), 'runwarden-go-cache'),
        CURL_CA_BUNDLE: this.authority,
        SSL_CERT_FILE: this.authority,
        GIT_SSL_CAINFO: this.authority,
        NODE_EXTRA_CA_CERTS: this.authority,
        ...env,
      },
    })
    this.capture.drain()
    return ended
  }

  /** All that was seen in one direction, session by session, as text. */
  text(direction: TlsChunk['direction']): string {
    const sessions = new Map<string, Buffer[]>()
    for (const chunk of this.chunks) {
      if (chunk.direction !== direction) continue
      const key = `${chunk.execId} ${chunk.session}`
      sessions.set(key, [...(sessions.get(key) ?? []), chunk.data])
    }
    return [...sessions.values()].map((parts) => Buffer.concat(parts).toString('latin1')).join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.capture.close()
    this.#server.close()
    await once(this.#server, 'close')
    rmdirSync(this.cgroup)
    rmSync(this.folder, { recursive: true })
  }
}

/** A Go program of clients/, static and stripped. */
export function buildGo(folder: string, name: string, architecture?: 'amd64' | 'arm64'): string {
  const program = join(folder, name)
  const source = new URL(`clients/${name}.go`, import.meta.url).pathname
  execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', program, source], {
    env: {
      ...process.env,
      CGO_ENABLED: '0',
      HOME: folder,
      GOCACHE: join(tmpdir(), 'runwarden-go-cache'),
      ...(architecture ? { GOARCH: architecture } : {}),
    },
  })
  return program
}
