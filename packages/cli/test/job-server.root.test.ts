import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event, JobPolicySources, JobServer } from '@runwarden/events'
import type { JobStarted } from '@runwarden/events/control-plane'
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

async function ask<T>(path: string, body?: object, method = 'POST'): Promise<T> {
  const { status, stdout } = await rig.lab.runner.exec('curl', [
    '-sS',
    '--fail-with-body',
    '-H',
    `authorization: Bearer ${admin}`,
    `${url}${path}`,
    ...(body === undefined
      ? []
      : ['-X', method, '-H', 'content-type: application/json', '-d', JSON.stringify(body)]),
  ])
  if (status !== 0) throw new Error(`${path}: ${stdout}`)
  return (stdout === '' ? undefined : JSON.parse(stdout)) as T
}

/** Starts the job at the control plane, as the action's first stage does. */
async function startJob(run: string, policies?: JobPolicySources['own']): Promise<JobServer> {
  const none = { workflowRef: null, runAttempt: null, ref: null, sha: null, event: null }
  const start = {
    version: 1,
    job: { ...none, repository: 'acme/app', workflow: 'ci', job: 'build', runId: run, actor: null },
    runner: { name: null, os: null, arch: null, environment: null },
    policy: { from: policies === undefined ? 'workflow' : 'store' },
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
  const { jobId, token, blockList, policyVersion: version } = JSON.parse(stdout) as JobStarted
  return {
    url,
    jobId,
    token,
    blockList,
    policies:
      policies === undefined
        ? null
        : { version: version ?? '', own: policies, file: null, hosts: [] },
  }
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
  const unblock = await block('one.example.com')
  const { stdout } = await ended
  await unblock()
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

/** All events that the control plane has of a job. */
async function timeline(jobId: string): Promise<Event[]> {
  const all: Event[] = []
  for (let after: string | null = '0.0'; after !== null;) {
    const page: { items: Event[]; next: string | null } = await ask(
      `/v1/orgs/acme/jobs/${jobId}/timeline?limit=500&after=${after}`,
    )
    all.push(...page.items)
    after = page.next
  }
  return all
}

/** @returns takes it off the list again */
async function block(value: string): Promise<() => Promise<void>> {
  const { ids } = await ask<{ ids: string[] }>('/v1/orgs/acme/blocklist/entries', {
    entries: [{ value, reason: 'serves malware' }],
  })
  return () => ask(`/v1/orgs/acme/blocklist/entries/${ids[0]}`, {}, 'DELETE')
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

test('a job of the action is governed by what its control plane has for it now, beside its own words', async () => {
  const socket = rig.place.at('pushed.sock')
  const out = rig.place.at('pushed-out')
  const agent = rig.spawn('--socket', socket, '--out', out, '--state', rig.place.at('pushed-state'))
  await until(() => existsSync(socket))
  const save = (text: string) =>
    ask('/v1/orgs/acme/policies/base', { text: `version: 1\n${text}`, reason: 'test' }, 'PUT')
  await save('egress: block\n')
  await ask('/v1/orgs/acme/policy-attachments', {
    policy: 'base',
    target: { level: 'organisation' },
  })
  const job = await startJob('73', {
    egressPolicy: null,
    failMode: null,
    allowedEndpoints: 'one.example.com:80',
    presets: [],
    lockdown: [],
    disableSudo: null,
    disableSudoAndContainers: null,
    disableFileMonitoring: null,
  })
  const actions = rig.place.at('actions')
  makeAction(join(actions, 'acme/pushed/v1'), rig.place.at('pushed/work'), {
    policy: "egress: block\nallow: ['one.example.com:80']\n",
    server: job,
  })
  const { ended, workspace } = rig.job(
    rig.cgroup(),
    'pushed',
    `      - uses: acme/pushed@v1
        with: { socket: ${socket} }
      - run: |
          get() { curl -sf -m 20 -o /dev/null http://$1.example.com/; }
          get one && ! get two && touch began
          until get two; do sleep 0.2; done
          get one && touch gained
          while get two; do sleep 0.2; done
          get one && touch lost
`,
    { actions },
  )
  await cameTo(join(workspace, 'began'), ended)
  await save("egress: block\nlockdown: [secret-in-build-log]\nallow: ['two.example.com:80']\n")
  await cameTo(join(workspace, 'gained'), ended)
  // What holds is told while the job runs, and what of it does not.
  const running = await told(job.jobId, 2)
  expect(running).toMatchObject({
    egress: 'block',
    number: 2,
    lines: [
      { text: 'version: 1' },
      { text: 'egress: block' },
      { text: 'fail-mode: closed' },
      { text: 'allow:' },
      { text: '  - "one.example.com:80"', from: 'allowed-endpoints:1:1', source: null },
      { text: '  - "two.example.com:80"', source: { name: 'base', version: 2, line: 4 } },
      { text: 'lockdown: ["secret-in-build-log"]' },
    ],
  })
  expect(running.told[0]?.otherwise).toMatch(/^of the new policy lockdown hold from the next/)
  expect(JSON.stringify(running)).not.toContain(job.token)
  await save('egress: block\n')
  await ended
  // The workflow's own words hold all the while.
  expect(existsSync(join(workspace, 'lost'))).toBe(true)
  await indexed(job.jobId)
  const events = await timeline(job.jobId)
  const details = events.flatMap((event) => (event.kind === 'agent.health' ? event.detail : []))
  for (const version of [2, 3])
    expect(details).toContain(
      `policy base v${version} (organisation) of the control plane is in force: block`,
    )
  expect(details).toContainEqual(
    expect.stringMatching(/^of the new policy lockdown hold from the next/),
  )
  await byItself(agent)
})

interface AppliedPolicy {
  egress: string
  number: number
  told: { number: number; otherwise: string | null }[]
  lines: object[]
}

/** The policy of a job, once its agent has told so many. */
async function told(jobId: string, many: number): Promise<AppliedPolicy> {
  for (;;) {
    const policy = await ask<AppliedPolicy>(`/v1/orgs/acme/jobs/${jobId}/policy`)
    if (policy.told.length >= many) return policy
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('an agent that is killed: the next one goes on with the job, and its control plane has all of it', async () => {
  const socket = rig.place.at('killed.sock')
  const out = rig.place.at('killed-out')
  const state = rig.place.at('killed-state')
  const words = ['--socket', socket, '--out', out, '--state', state]
  const first = rig.spawn(...words)
  await until(() => existsSync(socket))
  const job = await startJob('72')
  const actions = rig.place.at('actions')
  makeAction(join(actions, 'acme/killed/v1'), rig.place.at('killed/work'), {
    policy: "egress: block\nallow: ['two.example.com:80']\n",
    server: job,
  })
  const { ended, workspace } = rig.job(
    rig.cgroup(),
    'killed',
    `      - uses: acme/killed@v1
        with: { socket: ${socket} }
      - run: |
          curl -sf -m 20 -o /dev/null http://two.example.com/ && touch began
          until [ -e again ]; do sleep 0.1; done
          ! curl -sf -m 20 -o /dev/null http://two.example.com/ && touch refused
`,
    { actions },
  )
  await cameTo(join(workspace, 'began'), ended)
  // The next agent needs it; the state folder is for root alone.
  expect(filesWith(job.token, out, state)).toEqual([
    expect.stringMatching(/killed-state\/unsent\/[\w-]+\.\d+-\d+\.json$/),
  ])
  await first.end('SIGKILL')
  const second = rig.spawn(...words)
  await second.says('armed')
  // It follows the block list, too.
  const unblock = await block('two.example.com')
  await until(() => {
    const [, record = ''] = readdirSync(join(out, 'jobs')).toSorted()
    const events = rig.place.events(join(out, 'jobs', record))
    return JSON.stringify(events).includes('of the control plane is in force')
  })
  writeFileSync(join(workspace, 'again'), '')
  const { stdout } = await ended
  await unblock()
  expect(existsSync(join(workspace, 'refused'))).toBe(true)
  const [, text = '{}'] = /post: (\{.*\})/.exec(stdout) ?? []
  expect(JSON.parse(text)).toMatchObject({
    report: { ok: true, value: { interrupted: true, unsent: null } },
  })
  expect(text).not.toContain('token')
  expect(await indexed(job.jobId)).toMatchObject({ state: 'finished' })
  // Of both agents, in one row of numbers, each once.
  const events = await timeline(job.jobId)
  const numbers = events.map(({ seq }) => seq)
  expect(numbers).toEqual(Array.from(numbers, (_, i) => i + 1))
  const verdicts = events.flatMap((event) =>
    JSON.stringify(event).includes('two.example.com') && 'verdict' in event ? event.verdict : [],
  )
  expect(new Set(verdicts)).toEqual(new Set(['allowed', 'attack-blocked']))
  const { items: found } = await ask<{ items: { rule: string; title: string }[] }>(
    `/v1/orgs/acme/jobs/${job.jobId}/detections`,
  )
  expect(found.filter(({ rule }) => rule === 'record-damaged')).toEqual([])
  expect(filesWith(job.token, out, state)).toEqual([])
  await byItself(second)
})

test('an agent that is killed, and whose job ends without one: the next agent sends the rest, and the job is lost', async () => {
  const socket = rig.place.at('lost.sock')
  const out = rig.place.at('lost-out')
  const state = rig.place.at('lost-state')
  const words = ['--socket', socket, '--out', out, '--state', state]
  const first = rig.spawn(...words)
  await until(() => existsSync(socket))
  const job = await startJob('74')
  const actions = rig.place.at('actions')
  makeAction(join(actions, 'acme/lost/v1'), rig.place.at('lost/work'), {
    policy: "egress: block\nallow: ['two.example.com:80']\n",
    server: job,
  })
  const { ended, workspace } = rig.job(
    rig.cgroup(),
    'lost',
    `      - uses: acme/lost@v1
        with: { socket: ${socket} }
      - run: |
          echo $PPID > worker
          curl -sf -m 20 -o /dev/null http://two.example.com/ && touch began
          until [ -e again ]; do sleep 0.1; done
`,
    { actions },
  )
  await cameTo(join(workspace, 'began'), ended)
  await told(job.jobId, 1)
  await indexed(job.jobId)
  await first.end('SIGKILL')
  // Its runner is stopped, and no last stage comes.
  process.kill(Number(readFileSync(join(workspace, 'worker'), 'utf8')), 'SIGKILL')
  writeFileSync(join(workspace, 'again'), '')
  await ended
  expect(await ask(`/v1/orgs/acme/jobs/${job.jobId}`)).toMatchObject({ state: 'running' })
  // For the next job on the machine.
  const second = rig.spawn(...words)
  await second.says(`${url} has got the rest of job ${job.jobId}, whose agent ended before`)
  expect(await indexed(job.jobId)).toMatchObject({
    state: 'lost',
    finishedAt: expect.any(Number),
    exit: null,
    egress: 'block',
    protection: 'armed',
  })
  const numbers = (await timeline(job.jobId)).map(({ seq }) => seq)
  expect(numbers).toEqual(Array.from(numbers, (_, i) => i + 1))
  const { items } = await ask<{ items: { rule: string; title: string }[] }>(
    `/v1/orgs/acme/jobs/${job.jobId}/detections`,
  )
  expect(items).toContainEqual(
    expect.objectContaining({
      rule: 'agent-tampered',
      title: 'The agent died before the job ended',
    }),
  )
  // What held stays known.
  expect(await told(job.jobId, 1)).toMatchObject({
    egress: 'block',
    lines: expect.arrayContaining([expect.objectContaining({ text: 'egress: block' })]),
  })
  expect(filesWith(job.token, out, state)).toEqual([])
  await second.end('SIGTERM')
})
