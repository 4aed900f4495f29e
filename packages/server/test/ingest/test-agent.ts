import { zstdCompressSync } from 'node:zlib'
import type { Event } from '@runwarden/events'
import {
  firstPrevious,
  type JobStart,
  type JobStarted,
  type PolicyInForce,
} from '@runwarden/events/control-plane'
import { chainHash } from '../../src/ingest/chain.ts'
import type { Answer } from '../server-rig.ts'

/** A segment as it is sent. */
export interface Packed {
  seq: number
  previous: string
  hash: string
  body: Buffer
}

export const jobStart = (given: Partial<JobStart['job']> = {}): JobStart => ({
  version: 1,
  job: {
    repository: 'acme/app',
    workflow: 'build',
    workflowRef: 'acme/app/.github/workflows/build.yml@refs/heads/main',
    job: 'test',
    runId: '4711',
    runAttempt: '1',
    ref: 'refs/heads/main',
    sha: '0'.repeat(40),
    event: 'push',
    actor: 'somebody',
    ...given,
  },
  runner: { name: 'runner 1', os: 'Linux', arch: 'X64', environment: 'github-hosted' },
  policy: { from: 'store' },
})

/** What an agent says, to whatever server is at the URL; nothing is sent again by itself. */
export class TestAgent {
  url: string
  jobId = ''
  token = ''
  last = { seq: 0, hash: firstPrevious }

  constructor(url: string) {
    this.url = url
  }

  async start(key: string, start: JobStart = jobStart()): Promise<JobStarted> {
    const { status, body } = await this.post('/v1/jobs', JSON.stringify(start), key)
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
    const started = body as JobStarted
    this.jobId = started.jobId
    this.token = started.token
    return started
  }

  /** The next segment of the chain. */
  pack(events: readonly Partial<Event>[]): Packed {
    return this.packRaw(
      zstdCompressSync(events.map((event) => `${JSON.stringify(event)}\n`).join('')),
    )
  }

  packRaw(body: Buffer): Packed {
    const seq = this.last.seq + 1
    const previous = this.last.hash
    const hash = chainHash(Buffer.from(previous, 'hex'), body).toString('hex')
    this.last = { seq, hash }
    return { seq, previous, hash, body }
  }

  send({ seq, previous, hash, body }: Packed): Promise<Answer> {
    return this.post(`/v1/jobs/${this.jobId}/segments/${seq}`, body, this.token, {
      'runwarden-previous': previous,
      'runwarden-hash': hash,
    })
  }

  heartbeat(sequence = this.last.seq): Promise<Answer> {
    const body = { sequence, eventsLost: {}, tier: 'T1', armed: true }
    return this.post(`/v1/jobs/${this.jobId}/heartbeat`, JSON.stringify(body), this.token)
  }

  /** What it has put in force. */
  tell(policy: Partial<PolicyInForce> = {}): Promise<Answer> {
    const body: PolicyInForce = {
      at: 1000,
      egress: 'block',
      protection: 'armed',
      tier: 'T1',
      text: 'version: 1\negress: block\n',
      otherwise: null,
      ...policy,
    }
    return this.post(`/v1/jobs/${this.jobId}/policy`, JSON.stringify(body), this.token)
  }

  /** What it is to enforce now. */
  async policies(): Promise<Answer> {
    const answer = await fetch(`${this.url}/v1/jobs/${this.jobId}/policies`, {
      headers: { authorization: `Bearer ${this.token}` },
    })
    return { status: answer.status, headers: answer.headers, body: await answer.json() }
  }

  finish(report: unknown, more: { noReport?: string } = {}): Promise<Answer> {
    const { seq, hash } = this.last
    const body = { sequence: seq, hash, report, exit: 0, ...more }
    return this.post(`/v1/jobs/${this.jobId}/finish`, JSON.stringify(body), this.token)
  }

  async post(
    path: string,
    body: string | Uint8Array,
    token: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await fetch(this.url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': typeof body === 'string' ? 'application/json' : 'application/zstd',
        ...headers,
      },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    })
    return { status: answer.status, headers: answer.headers, body: await answer.json() }
  }
}
