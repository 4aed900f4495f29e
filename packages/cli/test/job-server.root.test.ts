import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobServer } from '@runwarden/events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Agent, AgentRig } from './agent-rig.ts'
import { makeAction } from './job-action.ts'
import { type Ended, runwarden, until } from './runwarden.ts'

/** Jobs with the action whose control plane, a real one, is on the runner's loopback. */
let rig: AgentRig
let server: ChildProcess
let admin: string
let agentKey: string

const url = 'http://127.0.0.1:7380'

beforeAll(async () => {
  rig = await AgentRig.start()
  const data = rig.place.at('data')
  server = rig.lab.runner.spawn(
    runwarden,
    ['server', '--data', data, '--listen', '127.0.0.1:7380', '--log-level', 'warn'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let said = ''
  server.stdout?.on('data', (text: string) => {
    said += text
  })
  await until(() => said.includes(`at ${url}`))
  admin = await newKey('admin')
  agentKey = await newKey('agent')
})
afterAll(async () => {
  server.kill('SIGTERM')
  await rig[Symbol.asyncDispose]()
})

async function newKey(role: string): Promise<string> {
  const words = ['server', 'key', '--data', rig.place.at('data'), '--organisation', 'acme']
  const { stdout } = await rig.lab.runner.exec(runwarden, [...words, '--role', role])
  return stdout.trim()
}

async function ask<T>(path: string, body?: object): Promise<T> {
  const { stdout } = await rig.lab.runner.exec('curl', [
    '-sS',
    '-H',
    `authorization: Bearer ${admin}`,
    `${url}${path}`,
    ...(body === undefined
      ? []
      : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)]),
  ])
  return JSON.parse(stdout) as T
}

/** Starts the job at the control plane, as the action's first stage does. */
async function startJob(run: string): Promise<JobServer> {
  const none = { workflowRef: null, runAttempt: null, ref: null, sha: null, event: null }
  const start = {
    version: 1,
    job: { ...none, repository: 'acme/app', workflow: 'ci', job: 'build', runId: run, actor: null },
    runner: { name: null, os: null, arch: null, environment: null },
    policy: { from: 'workflow' },
  }
  const { stdout } = await rig.lab.runner.exec('curl', [
    '-sS',
    '-H',
    `authorization: Bearer ${agentKey}`,
    '-H',
    'content-type: application/json',
    '-d',
    JSON.stringify(start),
    `${url}/v1/jobs`,
  ])
  const { jobId, token, blockList } = JSON.parse(stdout) as JobServer
  return { url, jobId, token, blockList, policies: null }
}

/** Resolves when a job has made a file; fails when it ends before. */
async function cameTo(file: string, ended: Promise<Ended>): Promise<void> {
  await Promise.race([until(() => existsSync(file)), ended])
  if (existsSync(file)) return
  const { stdout, stderr } = await ended
  throw new Error(`the job ended: ${stdout}${stderr}`)
}

interface JobSummary {
  state: string
  segments: { indexed: number; last: number }
  totals: { events: number }
}

test('a job of the action is at its control plane as it happens, and follows its block list', async () => {
  const socket = rig.place.at('job.sock')
  const out = rig.place.at('job-out')
  const state = rig.place.at('job-state')
  const agent = rig.spawn('--socket', socket, '--out', out, '--state', state)
  await until(() => existsSync(socket))
  const job = await startJob('71')
  const actions = rig.place.at('actions')
  makeAction(join(actions, 'acme/sent/v1'), rig.place.at('sent/work'), {
    policy: "egress: block\nallow: ['one.example.com:80']\n",
    server: job,
  })
  const { ended, workspace } = rig.job(
    rig.cgroup(),
    'sent',
    `      - uses: acme/sent@v1
        with: { socket: ${socket} }
      - run: |
          curl -sS -m 20 -o /dev/null http://one.example.com/ && touch passed
          while curl -sf -m 20 -o /dev/null http://one.example.com/; do sleep 0.2; done
          touch stopped
`,
    { actions },
  )
  await cameTo(join(workspace, 'passed'), ended)
  await ask('/v1/orgs/acme/blocklist/entries', {
    entries: [{ value: 'one.example.com', reason: 'serves malware' }],
  })
  const { stdout } = await ended
  const [, text = '{}'] = /post: (\{.*\})/.exec(stdout) ?? []
  expect(JSON.parse(text)).toMatchObject({
    report: { ok: true, value: { unsent: null, interrupted: false } },
    end: { ok: true },
  })
  expect(existsSync(join(workspace, 'stopped'))).toBe(true)
  const [record = ''] = readdirSync(join(out, 'jobs'))
  const folder = join(out, 'jobs', record)
  const events = rig.place.events(folder)
  expect(events.some((event) => 'verdict' in event && event.verdict === 'attack-blocked')).toBe(
    true,
  )
  expect(JSON.stringify(events)).toContain('of the control plane is in force: block')
  const report = await ask<object>(`/v1/orgs/acme/jobs/${job.jobId}/report`)
  expect(report).toEqual(rig.place.report(folder))
  const summary = await indexed(job.jobId)
  expect(summary.state).toBe('finished')
  // What happened after the report is in the record alone.
  expect(summary.totals.events).toBeGreaterThan(5)
  expect(summary.totals.events).toBeLessThanOrEqual(events.length)
  const { items } = await ask<{ items: { rule: string }[] }>(
    `/v1/orgs/acme/jobs/${job.jobId}/detections`,
  )
  expect(items.map(({ rule }) => rule)).not.toContain('agent-tampered')
  expect(filesWith(job.token, out, state)).toEqual([])
  await byItself(agent)
})

/** An agent that has no scope of its own ends with its last job. */
async function byItself({ child }: Agent): Promise<void> {
  await until(() => child.exitCode !== null)
  expect(child.exitCode).toBe(0)
}

async function indexed(jobId: string): Promise<JobSummary> {
  for (;;) {
    const job = await ask<JobSummary>(`/v1/orgs/acme/jobs/${jobId}`)
    if (job.segments.last > 0 && job.segments.indexed === job.segments.last) return job
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Files below some folders that hold a text. */
function filesWith(text: string, ...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .filter((file) => readFileSync(file).includes(text))
      : [],
  )
}

test('an agent that is killed loses the token: the job goes on, and that is told', async () => {
  const socket = rig.place.at('killed.sock')
  const out = rig.place.at('killed-out')
  const state = rig.place.at('killed-state')
  const words = ['--socket', socket, '--out', out, '--state', state]
  const first = rig.spawn(...words)
  await until(() => existsSync(socket))
  const job = await startJob('72')
  const actions = rig.place.at('actions')
  makeAction(join(actions, 'acme/killed/v1'), rig.place.at('killed/work'), {
    policy: 'egress: block\n',
    server: job,
  })
  const { ended, workspace } = rig.job(
    rig.cgroup(),
    'killed',
    `      - uses: acme/killed@v1
        with: { socket: ${socket} }
      - run: |
          touch began
          until [ -e again ]; do sleep 0.1; done
`,
    { actions },
  )
  await cameTo(join(workspace, 'began'), ended)
  expect(filesWith(job.token, out, state)).toEqual([])
  await first.end('SIGKILL')
  const second = rig.spawn(...words)
  await second.says('armed')
  writeFileSync(join(workspace, 'again'), '')
  const { stdout } = await ended
  const [, text = '{}'] = /post: (\{.*\})/.exec(stdout) ?? []
  expect(JSON.parse(text)).toMatchObject({
    report: {
      ok: true,
      value: {
        interrupted: true,
        gaps: expect.arrayContaining([
          `the agent was killed, and the job's token with it: nothing more of this job goes to ${url}, and its block list stays as it is`,
        ]),
      },
    },
  })
  await byItself(second)
})
