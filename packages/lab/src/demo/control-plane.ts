import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { LabError } from '../error.ts'
import { hasSaid } from '../has-said.ts'
import type { Lab } from '../lab.ts'
import { checkout } from './project.ts'

const runwarden = join(checkout, 'packages/cli/bin/runwarden')
export const organisation = 'acme'

/** A job as the control plane is told of it, by the environment of `runwarden run`. */
export interface DemoJob {
  repository: string
  workflow: string
  job: string
  run: number
}

/** How a lab's runner has the control plane. */
export interface Reach extends AsyncDisposable {
  /** Options of `runwarden run`. */
  words: string[]
  env: Record<string, string>
}

/** What came back of a job. */
export interface Kept {
  id: string
  events: number
  detections: number
  /** As the server has it, JSON. */
  report: unknown
}

/** A control plane of this machine's, over a new folder; labs' runners are in networks of their own, and are led to it. */
export class DemoServer implements AsyncDisposable {
  readonly url: string
  /** Where a person signs in, once. */
  readonly signIn: string
  readonly #folder: string
  readonly #child: ChildProcess
  readonly #viewer: string
  readonly #keyFile: string
  #reached = 0

  private constructor(
    folder: string,
    child: ChildProcess,
    parts: { url: string; signIn: string; viewer: string; keyFile: string },
  ) {
    this.#folder = folder
    this.#child = child
    this.url = parts.url
    this.signIn = parts.signIn
    this.#viewer = parts.viewer
    this.#keyFile = parts.keyFile
  }

  /** @param folder is emptied first */
  static async start(folder: string): Promise<DemoServer> {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const data = join(folder, 'data')
    const words = ['server', '--data', data, '--listen', '127.0.0.1:0', '--log-level', 'error']
    // Ctrl-C is for who plays the demo, and ends it in order; with that one it ends in any case.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', runwarden, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const said = await sentences(child, 2)
    const [url = '', signIn = ''] = said.map((line) => /https?:\S+$/.exec(line)?.[0])
    const key = async (role: string): Promise<string> => {
      const asked = ['server', 'key', '--data', data, '--organisation', organisation]
      return (await promisify(execFile)(runwarden, [...asked, '--role', role])).stdout.trim()
    }
    const [agent, viewer] = await Promise.all([key('agent'), key('viewer')])
    const keyFile = join(folder, 'agent-key')
    writeFileSync(keyFile, `${agent}\n`, { mode: 0o600 })
    return new DemoServer(folder, child, { url, signIn, viewer, keyFile })
  }

  /** Leads a lab's runner to it, at the same address: over a socket of the file system, which networks share. */
  async reachFrom(lab: Lab, job: DemoJob): Promise<Reach> {
    const { port } = new URL(this.url)
    const socket = join(this.#folder, `${++this.#reached}.sock`)
    const outside = createServer((from) => {
      const to = connect(Number(port), '127.0.0.1')
      from.pipe(to).pipe(from)
      for (const end of [from, to])
        end.on('error', () => {
          from.destroy()
          to.destroy()
        })
    })
    outside.listen(socket)
    await once(outside, 'listening')
    const inside = lab.runner.spawn(process.execPath, ['-e', lead, port, socket], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    await hasSaid(inside, 'listens')
    return {
      words: ['--server', this.url, '--api-key-file', this.#keyFile],
      env: environmentOf(job),
      async [Symbol.asyncDispose]() {
        inside.kill()
        outside.close()
      },
    }
  }

  /** The page of a job, as the web app has it. */
  async pageOf(run: number): Promise<string> {
    const { items } = await this.#ask<{ items: Job[] }>('jobs')
    const job = items.find(({ runId }) => runId === String(run))
    if (job === undefined)
      throw new LabError('LAB_DEMO', `the control plane has no job of run ${run}`)
    return `/github/${job.repository}/actions/runs/${run}/jobs/${job.id}`
  }

  /** The record of a job, when all of it is indexed. @throws LabError where it is not there */
  async fetchBack(run: number): Promise<Kept> {
    const { items } = await this.#ask<{ items: Job[] }>('jobs')
    const id = items.find(({ runId }) => runId === String(run))?.id
    if (id === undefined)
      throw new LabError('LAB_DEMO', `the control plane has no job of run ${run}`)
    let job = await this.#ask<Job>(`jobs/${id}`)
    for (let tries = 0; tries < 200 && job.segments.indexed < job.segments.last; tries++) {
      await delay(50)
      job = await this.#ask<Job>(`jobs/${id}`)
    }
    const [report, found] = await Promise.all([
      this.#ask<unknown>(`jobs/${id}/report`),
      this.#ask<{ items: unknown[] }>(`jobs/${id}/detections?limit=100`),
    ])
    return { id, events: job.totals.events, detections: found.items.length, report }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM')
      await once(this.#child, 'exit')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #ask<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.url}/v1/orgs/${organisation}/${path}`, {
      headers: { authorization: `Bearer ${this.#viewer}` },
    })
    if (!answer.ok)
      throw new LabError('LAB_DEMO', `the control plane answered ${path} by ${answer.status}`)
    return (await answer.json()) as T
  }
}

interface Job {
  id: string
  repository: string | null
  runId: string | null
  segments: { last: number; indexed: number }
  totals: { events: number }
}

/** Runs in the runner's network. */
const lead = `
const net = require('node:net')
const [port, socket] = process.argv.slice(1)
net.createServer((from) => {
  const to = net.connect(socket)
  from.pipe(to).pipe(from)
  for (const end of [from, to]) end.on('error', () => { from.destroy(); to.destroy() })
}).listen(Number(port), '127.0.0.1', () => console.error('listens'))`

function environmentOf({ repository, workflow, job, run }: DemoJob): Record<string, string> {
  const name = `${organisation}/${repository}`
  return {
    GITHUB_REPOSITORY: name,
    GITHUB_WORKFLOW: workflow,
    GITHUB_WORKFLOW_REF: `${name}/.github/workflows/${workflow}.yml@refs/heads/main`,
    GITHUB_JOB: job,
    GITHUB_RUN_ID: String(run),
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_ACTOR: 'demo',
    RUNNER_NAME: 'lab',
    RUNNER_OS: 'Linux',
    RUNNER_ARCH: process.arch === 'arm64' ? 'ARM64' : 'X64',
    RUNNER_ENVIRONMENT: 'self-hosted',
  }
}

/** The first lines of its standard output; what comes later is not read. */
async function sentences(child: ChildProcess, count: number): Promise<string[]> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk)
    const lines = text.split('\n').slice(0, -1)
    if (lines.length >= count) return lines
  }
  throw new LabError('LAB_DEMO', `the control plane ended: ${text}`)
}
