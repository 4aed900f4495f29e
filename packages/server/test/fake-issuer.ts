import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { SignJWT } from 'jose'

interface Key {
  kid: string
  privateKey: KeyObject
  jwk: object
}

function newKey(kid: string): Key {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    kid,
    privateKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' },
  }
}

/** Made once: that takes its time. */
const keys = { current: newKey('current'), strange: newKey('strange') }

/** An issuer of tokens on loopback: of jobs as GitHub is one, and of people as an OpenID provider and as GitHub's OAuth. */
export class FakeIssuer implements AsyncDisposable {
  readonly #server: Server
  readonly url: string
  /** What was asked of it, `GET /path`. */
  readonly asked: string[] = []
  readonly keys = keys
  /** Keys that it publishes. */
  published: Key[] = [this.keys.current]
  /** The person whom it signs in, and what came with the code. */
  person: Record<string, unknown> = { sub: 'p1', preferred_username: 'octocat' }
  lastCode: URLSearchParams | null = null
  nonce: string | null = null

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
    server.on('request', (request, response) => {
      this.asked.push(`${request.method} ${request.url?.split('?')[0]}`)
      void this.#answer(request).then((body) =>
        response
          .writeHead(body === null ? 404 : 200, { 'content-type': 'application/json' })
          .end(JSON.stringify(body)),
      )
    })
  }

  static async start(): Promise<FakeIssuer> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new FakeIssuer(server)
  }

  /** A token of a job as GitHub issues them; `null` takes a claim away. */
  async jobToken(
    audience: string,
    {
      key = this.keys.current,
      now = Date.now(),
      claims = {},
      alg = 'RS256',
    }: { key?: Key; now?: number; claims?: Record<string, unknown>; alg?: string } = {},
  ): Promise<string> {
    const seconds = Math.floor(now / 1000)
    const all: Record<string, unknown> = {
      iss: this.url,
      aud: audience,
      iat: seconds,
      nbf: seconds - 30,
      exp: seconds + 300,
      repository: 'acme/app',
      repository_owner: 'acme',
      repository_owner_id: '123',
      workflow: 'CI',
      run_id: '77',
      run_attempt: '1',
      runner_environment: 'github-hosted',
      ...claims,
    }
    const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
    return new SignJWT(kept).setProtectedHeader({ alg, kid: key.kid }).sign(key.privateKey)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    switch (request.url?.split('?')[0]) {
      case '/.well-known/jwks':
        return { keys: this.published.map(({ jwk }) => jwk) }
      case '/.well-known/openid-configuration':
        return {
          issuer: this.url,
          authorization_endpoint: `${this.url}/authorize`,
          token_endpoint: `${this.url}/token`,
          jwks_uri: `${this.url}/.well-known/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        }
      case '/token':
      case '/login/oauth/access_token': {
        this.lastCode = new URLSearchParams(await text(request))
        const seconds = Math.floor(Date.now() / 1000)
        const claims = { ...this.person, iss: this.url, aud: 'client', nonce: this.nonce }
        const token = new SignJWT({ ...claims, iat: seconds, exp: seconds + 300 })
        return {
          access_token: 'access',
          token_type: 'bearer',
          ...(request.url === '/token'
            ? {
                id_token: await token
                  .setProtectedHeader({ alg: 'RS256', kid: 'current' })
                  .sign(this.keys.current.privateKey),
              }
            : {}),
        }
      }
      case '/user':
        return request.headers.authorization === 'Bearer access' ? this.person : null
      default:
        return null
    }
  }
}
