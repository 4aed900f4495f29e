import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event, JobPolicySources, JobServer } from '@runwarden/events'
import type { JobStarted } from '@runwarden/events/control-plane'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Agent, AgentRig } from './agent-rig.ts'
import { ControlPlane, eventually, type Page } from './control-plane.ts'
import { makeAction } from './job-action.ts'
import { until } from './runwarden.ts'

/** Jobs with the action whose control plane, a real one, is on the runner's loopback. */
let rig: AgentRig
let plane: ControlPlane
let agentKey: string

const url = 'http://127.0.0.1:7380'

beforeAll(async () => {
  rig = await AgentRig.start()
  plane = await ControlPlane.start({
    lab: rig.lab,
    place: rig.place,
    url,
    words: ['--listen', '127.0.0.1:7380', '--log-level', 'warn'],
  })
  agentKey = await plane.newKey('agent')
})
afterAll(async () => {
  plane[Symbol.dispose]()
  await rig[Symbol.asyncDispose]()
})

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

interface Watched {
  /** Of the workflow at the control plane. */
  run: string
  /** The one endpoint that the workflow's own policy allows. */
  allow: string
  /** What the job does, in a shell. */
  script: readonly string[]
  /** The same policy as the action's inputs, of a job that is governed by the control plane. */
  own?: JobPolicySources['own']
}

/** An agent, and a job of the action that asked it and the control plane before its first step. */
async function watched(name: string, { run, allow, script, own }: Watched) {
  const socket = rig.place.at(`${name}.sock`)
  const out = rig.place.at(`${name}-out`)
  const state = rig.place.at(`${name}-state`)
  const words = ['--socket', socket, '--out', out, '--state', state]
  const agent = rig.spawn(...words)
  await until(() => existsSync(socket))
  const job = await startJob(run, own)
  const actions = rig.place.at('actions')
  makeAction(join(actions, `acme/${name}/v1`), rig.place.at(`${name}/work`), {
    policy: `egress: block\nallow: ['${allow}']\n`,
    server: job,
  })
  const { ended, workspace } = rig.job(
    rig.cgroup(),
    name,
    `      - uses: acme/${name}@v1
        with: { socket: ${socket} }
      - run: |
${script.map((line) => `          ${line}\n`).join('')}`,
    { actions },
  )
  return {
    agent,
    job,
    out,
    state,
    ended,
    workspace,
    /** Starts another agent in its place. */
    another: () => rig.spawn(...words),
    /** Resolves when the job has made a file; fails when it ends before. */
    async cameTo(file: string): Promise<void> {
      await Promise.race([until(() => existsSync(join(workspace, file))), ended])
      if (existsSync(join(workspace, file))) return
      const { stdout, stderr } = await ended
      throw new Error(`the job ended: ${stdout}${stderr}`)
    },
    made: (file: string): boolean => existsSync(join(workspace, file)),
  }
}

/** What the action's last stage said. */
const saidAtTheEnd = (stdout: string): string => /post: (\{.*\})/.exec(stdout)?.[1] ?? '{}'

/** An agent that has no scope of its own ends with its last job. */
async function byItself({ child }: Agent): Promise<void> {
  await until(() => child.exitCode !== null)
  expect(child.exitCode).toBe(0)
}

/** All events that the control plane has of a job. */
async function timeline(jobId: string): Promise<Event[]> {
  const all: Event[] = []
  for (let after: string | null = '0.0'; after !== null;) {
    const page: { items: Event[]; next: string | null } = await plane.ask(
      `/v1/orgs/acme/jobs/${jobId}/timeline?limit=500&after=${after}`,
    )
    all.push(...page.items)
    after = page.next
  }
  return all
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

interface AppliedPolicy {
  egress: string
  number: number
  told: { number: number; otherwise: string | null }[]
  lines: object[]
}

/** The policy of a job, once its agent has told so many. */
const toldPolicy = (jobId: string, many: number): Promise<AppliedPolicy> =>
  eventually(
    () => plane.ask<AppliedPolicy>(`/v1/orgs/acme/jobs/${jobId}/policy`),
    ({ told }) => told.length >= many,
  )

/** What was found in a job. */
async function detectionsOf(jobId: string): Promise<{ rule: string; title: string }[]> {
  const { items } = await plane.ask<Page<{ rule: string; title: string }>>(
    `/v1/orgs/acme/jobs/${jobId}/detections`,
  )
  return items
}

test('a job of the action is at its control plane as it happens, and follows its block list', async () => {
  const { agent, job, out, state, ended, cameTo, made } = await watched('sent', {
    run: '71',
    allow: 'one.example.com:80',
    script: [
      'curl -sS -m 20 -o /dev/null http://one.example.com/ && touch passed',
      'while curl -sf -m 20 -o /dev/null http://one.example.com/; do sleep 0.2; done',
      'touch stopped',
    ],
  })
  await cameTo('passed')
  const unblock = await plane.block('one.example.com')
  const { stdout } = await ended
  await unblock()
  const text = saidAtTheEnd(stdout)
  expect(JSON.parse(text)).toMatchObject({
    report: { ok: true, value: { unsent: null, interrupted: false } },
    end: { ok: true },
  })
  expect(made('stopped')).toBe(true)
  const [record = ''] = readdirSync(join(out, 'jobs'))
  const folder = join(out, 'jobs', record)
  const events = rig.place.events(folder)
  expect(events.some((event) => 'verdict' in event && event.verdict === 'attack-blocked')).toBe(
    true,
  )
  expect(JSON.stringify(events)).toContain('of the control plane is in force: block')
  const report = await plane.ask<object>(`/v1/orgs/acme/jobs/${job.jobId}/report`)
  expect(report).toEqual(rig.place.report(folder))
  const summary = await plane.indexed(job.jobId)
  expect(summary.state).toBe('finished')
  // What happened after the report is in the record alone.
  expect(summary.totals.events).toBeGreaterThan(5)
  expect(summary.totals.events).toBeLessThanOrEqual(events.length)
  const found = await detectionsOf(job.jobId)
  expect(found.map(({ rule }) => rule)).not.toContain('agent-tampered')
  expect(filesWith(job.token, out, state)).toEqual([])
  await byItself(agent)
})

test('a job of the action is governed by what its control plane has for it now, beside its own words', async () => {
  await plane.savePolicy('egress: block\n')
  await plane.attachPolicy()
  const { agent, job, ended, cameTo, made } = await watched('pushed', {
    run: '73',
    allow: 'one.example.com:80',
    script: [
      'get() { curl -sf -m 20 -o /dev/null http://$1.example.com/; }',
      'get one && ! get two && touch began',
      'until get two; do sleep 0.2; done',
      'get one && touch gained',
      'while get two; do sleep 0.2; done',
      'get one && touch lost',
    ],
    own: {
      egressPolicy: null,
      failMode: null,
      allowedEndpoints: 'one.example.com:80',
      presets: [],
      lockdown: [],
      disableSudo: null,
      disableSudoAndContainers: null,
      disableFileMonitoring: null,
    },
  })
  await cameTo('began')
  await plane.savePolicy(
    "egress: block\nlockdown: [secret-in-build-log]\nallow: ['two.example.com:80']\n",
  )
  await cameTo('gained')
  // What holds is told while the job runs, and what of it does not.
  const running = await toldPolicy(job.jobId, 2)
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
  await plane.savePolicy('egress: block\n')
  await ended
  // The workflow's own words hold all the while.
  expect(made('lost')).toBe(true)
  await plane.indexed(job.jobId)
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

test('an agent that is killed: the next one goes on with the job, and its control plane has all of it', async () => {
  const { agent, another, job, out, state, ended, workspace, cameTo, made } = await watched(
    'killed',
    {
      run: '72',
      allow: 'two.example.com:80',
      script: [
        'curl -sf -m 20 -o /dev/null http://two.example.com/ && touch began',
        'until [ -e again ]; do sleep 0.1; done',
        '! curl -sf -m 20 -o /dev/null http://two.example.com/ && touch refused',
      ],
    },
  )
  await cameTo('began')
  // The next agent needs it; the state folder is for root alone.
  expect(filesWith(job.token, out, state)).toEqual([
    expect.stringMatching(/killed-state\/unsent\/[\w-]+\/job\.json$/),
  ])
  await agent.end('SIGKILL')
  const second = another()
  await second.says('armed')
  // It follows the block list, too.
  const unblock = await plane.block('two.example.com')
  await until(() => {
    const [, record = ''] = readdirSync(join(out, 'jobs')).toSorted()
    const events = rig.place.events(join(out, 'jobs', record))
    return JSON.stringify(events).includes('of the control plane is in force')
  })
  writeFileSync(join(workspace, 'again'), '')
  const { stdout } = await ended
  await unblock()
  expect(made('refused')).toBe(true)
  const text = saidAtTheEnd(stdout)
  expect(JSON.parse(text)).toMatchObject({
    report: { ok: true, value: { interrupted: true, unsent: null } },
  })
  expect(text).not.toContain('token')
  expect(await plane.indexed(job.jobId)).toMatchObject({ state: 'finished' })
  // Of both agents, in one row of numbers, each once.
  const events = await timeline(job.jobId)
  const numbers = events.map(({ seq }) => seq)
  expect(numbers).toEqual(Array.from(numbers, (_, i) => i + 1))
  const verdicts = events.flatMap((event) =>
    JSON.stringify(event).includes('two.example.com') && 'verdict' in event ? event.verdict : [],
  )
  expect(new Set(verdicts)).toEqual(new Set(['allowed', 'attack-blocked']))
  const found = await detectionsOf(job.jobId)
  expect(found.filter(({ rule }) => rule === 'record-damaged')).toEqual([])
  expect(filesWith(job.token, out, state)).toEqual([])
  await byItself(second)
})

test('an agent that is killed, and whose job ends without one: the next agent sends the rest, and the job is lost', async () => {
  const { agent, another, job, out, state, ended, workspace, cameTo } = await watched('lost', {
    run: '74',
    allow: 'two.example.com:80',
    script: [
      'echo $PPID > worker',
      'curl -sf -m 20 -o /dev/null http://two.example.com/ && touch began',
      'until [ -e again ]; do sleep 0.1; done',
    ],
  })
  await cameTo('began')
  await toldPolicy(job.jobId, 1)
  await plane.indexed(job.jobId)
  await agent.end('SIGKILL')
  // Its runner is stopped, and no last stage comes.
  process.kill(Number(readFileSync(join(workspace, 'worker'), 'utf8')), 'SIGKILL')
  writeFileSync(join(workspace, 'again'), '')
  await ended
  expect(await plane.ask(`/v1/orgs/acme/jobs/${job.jobId}`)).toMatchObject({ state: 'running' })
  // For the next job on the machine.
  const second = another()
  await second.says(`${url} has got the rest of job ${job.jobId}, whose agent ended before`)
  expect(await plane.indexed(job.jobId)).toMatchObject({
    state: 'lost',
    finishedAt: expect.any(Number),
    exit: null,
    egress: 'block',
    protection: 'armed',
  })
  const numbers = (await timeline(job.jobId)).map(({ seq }) => seq)
  expect(numbers).toEqual(Array.from(numbers, (_, i) => i + 1))
  const found = await detectionsOf(job.jobId)
  expect(found).toContainEqual(
    expect.objectContaining({
      rule: 'agent-tampered',
      title: 'The agent died before the job ended',
    }),
  )
  // What held stays known.
  expect(await toldPolicy(job.jobId, 1)).toMatchObject({
    egress: 'block',
    lines: expect.arrayContaining([expect.objectContaining({ text: 'egress: block' })]),
  })
  expect(filesWith(job.token, out, state)).toEqual([])
  await second.end('SIGTERM')
})
