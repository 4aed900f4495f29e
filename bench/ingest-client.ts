import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Segment } from './agent-events.ts'

/** Kept connections, so that what is measured is the server and not the handshakes. */
const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

export interface Ask {
  token?: string
  body?: object | Buffer
  headers?: Record<string, string>
}

function open(
  url: string,
  method: string,
  { token, body, headers = {} }: Ask,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const isBytes = Buffer.isBuffer(body)
  const sent = body === undefined ? undefined : isBytes ? body : Buffer.from(JSON.stringify(body))
  const asked = request(url, {
    method,
    agent,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(sent === undefined
        ? {}
        : {
            'content-type': isBytes ? 'application/zstd' : 'application/json',
            'content-length': sent.length,
          }),
      ...headers,
    },
  })
  asked.on('response', resolve)
  asked.on('error', reject)
  asked.end(sent)
  return promise
}

/** The answer's JSON; anything but 200 ends the benchmark. */
export async function ask<T>(url: string, method: string, what: Ask = {}): Promise<T> {
  const answer = await open(url, method, what)
  const body = await text(answer)
  if (answer.statusCode !== 200) throw new Error(`${method} ${url}: ${answer.statusCode} ${body}`)
  return JSON.parse(body) as T
}

/** Calls `heard` with each event's name of a stream, for as long as the server lets it. */
export async function listen(
  url: string,
  token: string,
  heard: (event: string) => void,
): Promise<() => void> {
  const answer = await open(url, 'GET', { token })
  answer.setEncoding('utf8')
  answer.on('data', (chunk: string) => {
    for (const [, name = ''] of chunk.matchAll(/^event: (.+)$/gm)) heard(name)
  })
  answer.on('error', () => undefined)
  return () => answer.destroy()
}

export interface Job {
  jobId: string
  token: string
}

export function startJob(url: string, key: string, number: number, owner = 'acme'): Promise<Job> {
  const job = {
    repository: `${owner}/app${number % 20}`,
    workflow: 'build',
    workflowRef: null,
    job: 'test',
    runId: String(number + 1),
    runAttempt: '1',
    ref: 'refs/heads/main',
    sha: '0'.repeat(40),
    event: 'push',
    actor: 'somebody',
  }
  const runner = {
    name: `runner ${number}`,
    os: 'Linux',
    arch: 'X64',
    environment: 'github-hosted',
  }
  const body = { version: 1, job, runner, policy: { from: 'store' } }
  return ask<Job>(`${url}/v1/jobs`, 'POST', { token: key, body })
}

export function sendSegment(
  url: string,
  { jobId, token }: Job,
  segment: Segment,
): Promise<unknown> {
  return ask(`${url}/v1/jobs/${jobId}/segments/${segment.seq}`, 'POST', {
    token,
    body: segment.body,
    headers: { 'runwarden-previous': segment.previous, 'runwarden-hash': segment.hash },
  })
}

/** Calls `act` so often, `width` at a time. */
export async function times(
  count: number,
  width: number,
  act: (i: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(width, count) }, async () => {
      while (next < count) await act(next++)
    }),
  )
}
