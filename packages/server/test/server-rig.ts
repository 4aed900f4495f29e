import { isDeepStrictEqual } from 'node:util'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyRole, Organisation } from '../src/auth/rights.ts'
import { type Config, readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import type { Serializer } from '../src/app.ts'
import { type Server, startServer, type Start } from '../src/main.ts'

/** An organisation of a test, with a key of each role. */
export interface Tenant extends Organisation {
  keys: Record<KeyRole, string>
}

/** What was answered; `body` is JSON read, or the text where it is none. */
export interface Answer {
  status: number
  headers: Headers
  body: unknown
}

export interface Ask {
  /** `Authorization: Bearer` */
  as?: string
  /** Sent as JSON, or as the bytes that it is. */
  body?: unknown
  /** Sent as it is, called JSON. */
  rawBody?: string
  headers?: Record<string, string>
}

/** A server on a free port of loopback, over a folder of its own, with two organisations: `acme`, and `other`, which acme must never see. */
export class ServerRig implements AsyncDisposable {
  readonly data: string
  readonly server: Server
  readonly acme: Tenant
  readonly other: Tenant
  /** Session of the server's administrator, as a value for Cookie. Requests with it that change something need `origin: rig.url`. */
  readonly cookie: string

  private constructor(server: Server, data: string) {
    this.server = server
    this.data = data
    const { auth, db } = server.context
    this.acme = this.#tenant('acme')
    this.other = this.#tenant('other')
    const admin = db.get<{ id: string }>('SELECT id FROM users WHERE operator = 1')
    this.cookie = `runwarden-session=${auth.createSession(admin?.id ?? '')}`
  }

  /** @param data a folder of an earlier rig; it stays when the rig ends */
  static async start(given: Partial<Config> = {}, start: Start = {}): Promise<ServerRig> {
    const data = given.data ?? mkdtempSync(join(tmpdir(), 'runwarden-server-'))
    const config = { ...readConfig({ data, listen: '127.0.0.1:0' }, {}), ...given, data }
    const log = createLog({ logLevel: 'error' })
    const rig = new ServerRig(
      await startServer(config, { log, serializer: strict, ...start }),
      data,
    )
    rig.#keep = given.data !== undefined
    return rig
  }
  #keep = false

  get url(): string {
    return this.server.url
  }

  /** The token of a job of a tenant. */
  jobToken(jobId: string, tenant: Organisation = this.acme): string {
    return this.server.context.auth.createJobToken(jobId, tenant.id)
  }

  /** Asks the server over its socket. */
  async ask(
    method: string,
    path: string,
    { as, body, rawBody, headers = {} }: Ask = {},
  ): Promise<Answer> {
    const isBytes = body instanceof Uint8Array
    const sent = isBytes
      ? new Uint8Array(body)
      : (rawBody ?? (body === undefined ? undefined : JSON.stringify(body)))
    const answer = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
        ...(sent === undefined
          ? {}
          : { 'content-type': isBytes ? 'application/zstd' : 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    })
    const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (isStream) await answer.body?.cancel()
    const text = isStream ? '' : await answer.text()
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true
    return {
      status: answer.status,
      headers: answer.headers,
      body: isJson ? JSON.parse(text) : text,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
    if (!this.#keep) rmSync(this.data, { recursive: true, force: true })
  }

  #tenant(name: string): Tenant {
    const { auth } = this.server.context
    const organisation = auth.ensureOrganisation(name)
    const key = (role: KeyRole): string =>
      auth.createKey({ organisation, name: role, role, createdBy: 'test', expiresAt: null }).secret
    return {
      ...organisation,
      keys: {
        viewer: key('viewer'),
        editor: key('editor'),
        admin: key('admin'),
        agent: key('agent'),
      },
    }
  }
}

/** An answer that is not what its schema says, no more and no less, is a failure of the server. */
const strict: Serializer =
  ({ schema }) =>
  (data) => {
    const text = JSON.stringify(data)
    const sent: unknown = JSON.parse(text)
    if (!isDeepStrictEqual(sent, JSON.parse(JSON.stringify(schema.parse(sent)))))
      throw new Error(`an answer has more than its schema: ${text.slice(0, 500)}`)
    return text
  }
