import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { zstdDecompressSync } from 'node:zlib'
import {
  Heartbeat,
  JobFinish,
  type JobPolicies,
  largestSegment,
  PolicyInForce,
  SegmentHeaders,
} from '@runwarden/events/control-plane'

/** What a request is answered by in place of what the control plane would say. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | Promise<boolean>

interface Received {
  previous: string
  hash: string
  body: Buffer
}

/**
 * A control plane on loopback that takes nothing on trust: segments in order, each continuing the chain, bodies that
 * unpack to whole lines of JSON, and what schemas say of the rest. What is wrong is in `faults`, and answered by 400.
 */
export class ControlPlane implements AsyncDisposable {
  readonly jobId = 'job1'
  readonly token = 'a-token-of-one-job'
  readonly segments = new Map<number, Received>()
  readonly heartbeats: Heartbeat[] = []
  /** What it was told of the job's policy. */
  readonly told: PolicyInForce[] = []
  /** What was wrong with requests. */
  readonly faults: string[] = []
  /** Paths in the order they came. */
  readonly asked: string[] = []
  finished: JobFinish | undefined
  blockList = { version: 'v1', text: '{"domains":[]}' }
  policies: JobPolicies = { version: 'p1', policies: [] }
  /** Answers in place of it, while it returns true. */
  fault: Fault = () => false
  #port = 0
  #server: Server | undefined
  readonly #streams = new Set<ServerResponse>()

  static async start(): Promise<ControlPlane> {
    const plane = new ControlPlane()
    await plane.up()
    return plane
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Listeners of the stream. */
  get listening(): number {
    return this.#streams.size
  }

  /** Events of all segments, in order. */
  get events(): unknown[] {
    return [...this.segments]
      .toSorted(([a], [b]) => a - b)
      .flatMap(([, { body }]) => zstdDecompressSync(body).toString().trimEnd().split('\n'))
      .map((line) => JSON.parse(line) as unknown)
  }

  /** Starts to listen, at the port of before. */
  async up(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.faults.push(String(error))
        response.writeHead(400).end('{}')
      })
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Is gone, with all connections. */
  async down(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    this.#streams.clear()
    await closed
  }

  push(event: string, data: object, to: Iterable<ServerResponse> = this.#streams): void {
    for (const stream of to) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    this.asked.push(path)
    if (await this.fault(request, response)) return
    const say = (value: object): void => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(value))
    }
    const [, segment] = /^\/v1\/jobs\/job1\/segments\/(\d+)$/.exec(path) ?? []
    if (request.headers.authorization !== `Bearer ${this.token}`)
      throw new Error(`${path}: no token`)
    if (segment !== undefined) say(await this.#segment(Number(segment), request))
    else if (path === '/v1/jobs/job1/heartbeat') {
      this.heartbeats.push(Heartbeat.parse(JSON.parse((await bodyOf(request)).toString())))
      say({
        blockListVersion: this.blockList.version,
        policyVersion: this.policies.version,
        segments: this.segments.size,
      })
    } else if (path === '/v1/jobs/job1/policy') {
      this.told.push(PolicyInForce.parse(JSON.parse((await bodyOf(request)).toString())))
      say({ number: this.told.length })
    } else if (path === '/v1/jobs/job1/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
      this.#streams.add(response)
      this.push('block-list', { version: this.blockList.version }, [response])
      this.push('policy', { version: this.policies.version }, [response])
      response.on('close', () => this.#streams.delete(response))
    } else if (path === '/v1/jobs/job1/blocklist') this.#list(request, response)
    else if (path === '/v1/jobs/job1/policies') say(this.policies)
    else if (path === '/v1/jobs/job1/finish') {
      const { finished } = this
      this.finished = JobFinish.parse(JSON.parse((await bodyOf(request)).toString()))
      const last = this.segments.get(this.finished.sequence)?.hash ?? '0'.repeat(64)
      if (
        finished !== undefined ||
        this.finished.hash !== last ||
        this.segments.size !== this.finished.sequence
      )
        throw new Error('the end does not continue what came before')
      say({ insightsUrl: `${this.url}/insights` })
    } else throw new Error(`nobody asks for ${path}`)
  }

  async #segment(seq: number, request: IncomingMessage): Promise<object> {
    const body = await bodyOf(request)
    const { 'runwarden-previous': previous, 'runwarden-hash': hash } = SegmentHeaders.parse(
      request.headers,
    )
    const ofBody = createHash('sha256').update(body).digest()
    const chained = createHash('sha256').update(Buffer.from(previous, 'hex')).update(ofBody)
    const before = seq === 1 ? '0'.repeat(64) : this.segments.get(seq - 1)?.hash
    const there = this.segments.get(seq)
    const content = zstdDecompressSync(body, {
      maxOutputLength: largestSegment.unpacked,
    }).toString()
    if (!content.endsWith('\n')) throw new Error(`segment ${seq} ends in half a line`)
    for (const line of content.trimEnd().split('\n')) JSON.parse(line)
    if (chained.digest('hex') !== hash) throw new Error(`segment ${seq}: its hash is another`)
    if (before !== previous) throw new Error(`segment ${seq} does not continue the one before it`)
    if (there !== undefined && there.hash !== hash) throw new Error(`segment ${seq} is another`)
    this.segments.set(seq, { previous, hash, body })
    return { acknowledged: seq }
  }

  #list(request: IncomingMessage, response: ServerResponse): void {
    const etag = `"${this.blockList.version}"`
    response.setHeader('etag', etag)
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else response.end(this.blockList.text)
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts)
}
