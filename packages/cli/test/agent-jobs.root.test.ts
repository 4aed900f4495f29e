import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event, Report } from '@runwarden/events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Agent, AgentRig } from './agent-rig.ts'
import { until } from './runwarden.ts'

let rig: AgentRig
beforeAll(async () => {
  rig = await AgentRig.start()
})
afterAll(() => rig[Symbol.asyncDispose]())

const nonce = 'ab'.repeat(32)

/** An action that asks the agent, a request of its own in each stage, and puts the answers into the log. */
function makeAction(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'action.yml'),
    `name: ask
description: asks the agent
inputs:
  socket: { required: true }
  pre: {}
  main: {}
  post: {}
runs:
  using: node24
  pre: pre.mjs
  main: main.mjs
  post: post.mjs
  post-if: always()
`,
  )
  for (const stage of ['pre', 'main', 'post'])
    writeFileSync(
      join(folder, `${stage}.mjs`),
      `import { ask } from ${JSON.stringify(join(import.meta.dirname, 'acts/ask-agent.mjs'))}
for (const request of JSON.parse(process.env.INPUT_${stage.toUpperCase()} || '[]'))
  console.log('answer: ' + JSON.stringify(await ask(request)))
`,
    )
}

const policy = (...allow: string[]): { name: string; text: string } => ({
  name: 'the workflow',
  text: `version: 1\negress: block\nallow: ${JSON.stringify(allow)}\n`,
})

/** Steps that ask two servers. */
const steps = (name: string): string => `      - if: always()
        run: |
          curl -sS -m 20 -o /dev/null -w '${name} %{http_code} ' http://one.example.com/ || true
          curl -sS -m 20 http://203.0.113.9/ || echo refused
`

/** A word for a shell. */
const request = (value: unknown): string => `'${JSON.stringify(value)}'`

/** But for engines that other tests run on this machine at the same time. */
const ownGaps = (gaps: readonly string[]): string[] =>
  gaps.filter((gap) => !gap.includes('makes containers outside'))

interface Asked {
  pre?: unknown[]
  main?: unknown[]
  post?: unknown[]
}

/** Steps of a workflow whose first one is the action. */
const workflow = (
  socket: string,
  { pre = [], main = [], post = [] }: Asked,
  steps: string,
): string => `      - uses: acme/ask@v1
        with:
          socket: ${socket}
          pre: '${JSON.stringify(pre)}'
          main: '${JSON.stringify(main)}'
          post: '${JSON.stringify(post)}'
${steps}`

const answers = (
  log: string,
): { ok: boolean; code?: string; value?: { folder?: string; gaps?: string[] } }[] =>
  [...log.matchAll(/answer: (\{.*\})/g)].map(([, text = '']) => JSON.parse(text))

const begin = (workspace: string, allow: string[]) => ({
  op: 'begin',
  nonce,
  job: {
    policy: policy(...allow),
    blockList: null,
    rules: [],
    workspace,
    scope: 'job',
    afterJob: 'end',
    failMode: 'closed',
    failOn: 'none',
    granted: null,
    imposters: [],
  },
})

/** An agent without a scope of its own, which jobs may ask. */
async function agentFor(name: string): Promise<{ agent: Agent; socket: string; out: string }> {
  const socket = rig.place.at(`${name}.sock`)
  const out = rig.place.at(`${name}-out`)
  const agent = rig.spawn(
    '--socket',
    socket,
    '--out',
    out,
    '--state',
    rig.place.at(`${name}-state`),
  )
  await until(() => existsSync(socket))
  return { agent, socket, out }
}

const whole = (workspace: string, ...allow: string[]): Asked => ({
  pre: [begin(workspace, allow)],
  main: [{ op: 'status', nonce }],
  post: [
    { op: 'report', nonce },
    { op: 'end', nonce },
  ],
})

function runJob(name: string, socket: string, asked: Asked, steps: string, cgroup = rig.cgroup()) {
  const actions = rig.place.at('actions')
  makeAction(join(actions, 'acme/ask/v1'))
  return { cgroup, ...rig.job(cgroup, name, workflow(socket, asked, steps), { actions }) }
}

/** What the agent left of the only job of its own. */
function left(out: string): { folder: string; report: Report; events: Event[] } {
  const [name = ''] = readdirSync(join(out, 'jobs'))
  const folder = join(out, 'jobs', name)
  return { folder, report: rig.place.report(folder), events: rig.place.events(folder) }
}

const exited = async (agent: Agent): Promise<number | null> => {
  await until(() => agent.child.exitCode !== null)
  return agent.child.exitCode
}

test('an agent arms a job that asks it before its first step, reports, and leaves nothing behind', async () => {
  const { agent, socket, out } = await agentFor('first')
  const before = (await rig.lab.internet.records()).length
  const { cgroup, ended } = runJob(
    'first',
    socket,
    whole(rig.place.at('first/work'), 'one.example.com'),
    `      - id: fetch
        run: curl -sS https://one.example.com/allowed
      - id: thief
        run: curl -sS -m 20 http://203.0.113.9/stolen || echo refused
`,
  )
  const { stdout, status } = await ended
  expect(status).toBe(0)
  const [armed, now, reported, over] = answers(stdout)
  expect(armed).toMatchObject({
    ok: true,
    value: {
      identity: { repository: 'acme/app', job: 'build', runId: '1658821493' },
      egress: 'block',
      scope: 'job',
    },
  })
  expect(now).toMatchObject({ ok: true, value: { blocked: 0 } })
  expect(reported?.value?.folder).toMatch(/first-out\/jobs\//)
  expect(over).toEqual({ ok: true, value: {} })
  expect(stdout).toContain('refused')

  const { folder, report } = left(out)
  expect(folder).toBe(reported?.value?.folder)
  expect(statSync(folder).mode & 0o777).toBe(0o750)
  expect(report).toMatchObject({ egress: 'block', protection: 'armed' })
  expect(ownGaps(report.health.gaps)).toEqual([])
  const seen = report.destinations.map(({ host, address, verdict, processes }) => [
    host ?? address,
    verdict,
    processes[0]?.step,
  ])
  expect(seen).toContainEqual(['one.example.com', 'allowed', 'fetch'])
  expect(seen).toContainEqual(['203.0.113.9', 'blocked', 'thief'])
  const records = (await rig.lab.internet.records()).slice(before)
  expect(records.filter(({ address }) => address === '203.0.113.9')).toEqual([])
  expect(JSON.stringify(records)).toContain('/allowed')

  expect(await exited(agent)).toBe(0)
  expect(readdirSync(cgroup).filter((name) => name.startsWith('runwarden'))).toEqual([])
  expect(existsSync(rig.place.at('first-state/scopes'))).toBe(false)
}, 600_000)

test('whoever imitates the action is refused, and told: a step, with the nonce and without, and another process', async () => {
  const { agent, socket, out } = await agentFor('imitated')
  const ask = join(import.meta.dirname, 'acts/ask-agent.mjs')
  const workspace = rig.place.at('imitated/work')
  const { ended } = runJob(
    'imitated',
    socket,
    {
      ...whole(workspace),
      // In the middle of the job its own main may not end it either.
      main: [{ op: 'end', nonce }],
    },
    `      - id: thief
        env: { GITHUB_ACTION: __acme_ask }
        run: |
          node ${ask} ${socket} ${request({ op: 'end', nonce })}
          exec node ${ask} ${socket} ${request({ op: 'end', nonce })}
      - id: other
        run: |
          node ${ask} ${socket} ${request(begin(workspace, ['*.example.com']))}
      - id: late
        uses: acme/ask@v1
        with:
          socket: ${socket}
          main: ${request([{ op: 'end', nonce }, begin(workspace, ['*.example.com'])])}
      - run: curl -sS -m 20 https://one.example.com/ || echo refused
`,
  )
  const { stdout, status } = await ended
  expect(status).toBe(0)
  expect(answers(stdout).map(({ ok, code }) => (ok ? 'ok' : code))).toEqual([
    'ok',
    'REFUSED',
    'REFUSED',
    'JOB_HERE',
    'ok',
    'ok',
  ])
  expect(stdout.match(/"code":"NOT_A_STAGE"/g)).toHaveLength(2)
  // It is the worker's child, and calls itself the action's step.
  expect(stdout).toMatch(
    /"code":"REFUSED","message":"[^"]*(not of the action's own|not told it as the beginning)/,
  )
  expect(stdout).toContain('refused')
  const told = left(out).report.detections.filter(({ id }) => id === 'agent-tampered')
  expect(told.map(({ step }) => step)).toEqual(
    expect.arrayContaining(['__acme_ask', 'thief', 'other', 'late']),
  )
  expect(await exited(agent)).toBe(0)
}, 600_000)

test("a step that changes the action's own files is told, and one that keeps the agent busy is waited for", async () => {
  const { agent, socket, out } = await agentFor('changed')
  const folder = rig.place.at('actions/acme/ask/v1')
  const hold = `for (let i = 0; i < 40; i++) require('net').connect('${socket}').on('error', () => {}); setTimeout(() => {}, 15000)`
  const { ended } = runJob(
    'changed',
    socket,
    whole(rig.place.at('changed/work')),
    `      - id: thief
        run: |
          echo '//' > ${folder}/added.js
          (node -e "${hold}" > /dev/null 2>&1 &)
          sleep 1
`,
  )
  const { stdout, status } = await ended
  expect(status).toBe(0)
  expect(answers(stdout).map(({ ok }) => ok)).toEqual([true, true, true, true])
  expect(left(out).report.detections).toContainEqual(
    expect.objectContaining({ id: 'agent-tampered', severity: 'high', step: 'thief' }),
  )
  expect(await exited(agent)).toBe(0)
}, 600_000)

test('what is no request is answered by why', async () => {
  const { agent, socket } = await agentFor('nonsense')
  const asked = ['nonsense', { op: 'steal' }, { op: 'end', nonce: '1' }, { op: 'end', nonce }]
  const { ended } = runJob('nonsense', socket, { main: asked }, '      - run: "true"\n')
  expect(answers((await ended).stdout)).toMatchObject([
    { code: 'BAD_REQUEST', message: expect.stringContaining('no JSON') },
    { code: 'BAD_REQUEST', message: expect.stringContaining("'op'") },
    { code: 'BAD_REQUEST', message: expect.stringContaining('hex') },
    { code: 'NO_JOB' },
  ])
  const ask = join(import.meta.dirname, 'acts/ask-agent.mjs')
  const { stdout } = await rig.lab.runner.exec(process.execPath, [ask, socket, 'nonsense'])
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, code: 'NOT_A_STAGE' })
  expect(await agent.end('SIGTERM')).toBe(0)
}, 600_000)

test('a policy that cannot be read arms nothing, and says where', async () => {
  const { agent, socket } = await agentFor('bad')
  const { ended, cgroup } = runJob(
    'bad',
    socket,
    { pre: [begin(rig.place.at('bad/work'), ['one.example.com:port'])] },
    '      - run: curl -sS http://one.example.com/\n',
  )
  const { stdout } = await ended
  expect(answers(stdout)[0]).toMatchObject({
    ok: false,
    message: expect.stringContaining('the workflow:3'),
  })
  expect(readdirSync(cgroup).filter((name) => name.startsWith('runwarden'))).toEqual([])
  expect(await agent.end('SIGTERM')).toBe(0)
}, 600_000)

test('a job that has the action twice is told so: another agent does not watch it as well', async () => {
  const one = await agentFor('once')
  const two = await agentFor('twice')
  const workspace = rig.place.at('once/work')
  const { ended } = runJob(
    'once',
    one.socket,
    whole(workspace, 'one.example.com:80'),
    `      - uses: acme/ask@v1
        with:
          socket: ${two.socket}
          pre: ${request([begin(workspace, ['*.example.com'])])}
      - if: always()
        run: curl -sS -m 20 http://two.example.com/ || echo refused
`,
  )
  const { stdout } = await ended
  expect(answers(stdout).map(({ ok, code }) => (ok ? 'ok' : code))).toEqual([
    'ok',
    'JOB_HERE',
    'ok',
    'ok',
    'ok',
  ])
  expect(stdout).toContain('refused')
  expect(await exited(one.agent)).toBe(0)
  expect(await two.agent.end('SIGTERM')).toBe(0)
}, 600_000)

test("a job whose last stage a step has silenced fails all the same, and the agent's record says why", async () => {
  const { agent, socket, out } = await agentFor('silenced')
  const { ended } = runJob(
    'silenced',
    socket,
    { ...whole(rig.place.at('silenced/work')), post: [] },
    '      - run: "true"\n',
  )
  const { status, signal } = await ended
  expect([status, signal]).toEqual([null, 'SIGKILL'])
  expect(await exited(agent)).toBe(0)
  expect(agent.said).toContain('the worker is ended, so that the job fails')
  expect(left(out).report.detections).toContainEqual(
    expect.objectContaining({ id: 'agent-tampered', severity: 'critical' }),
  )
}, 600_000)

test('what the action has found out about pinned commits is told in the report', async () => {
  const { agent, socket, out } = await agentFor('imposter')
  const request = begin(rig.place.at('imposter/work'), [])
  const uses = `acme/tools@${'6'.repeat(40)}`
  Object.assign(request.job, { imposters: [{ uses, repository: 'acme/tools' }] })
  const asked = { ...whole(rig.place.at('imposter/work')), pre: [request] }
  const { ended } = runJob('imposter', socket, asked, '      - run: "true"\n')
  expect((await ended).status).toBe(0)
  const found = left(out).report.detections.find(({ id }) => id === 'imposter-commit')
  expect(found).toMatchObject({ severity: 'high', title: `${uses} is no commit of acme/tools` })
  expect(await exited(agent)).toBe(0)
}, 600_000)

test('an agent that was killed is followed by one that goes on with the job', async () => {
  const { agent, socket, out } = await agentFor('killed')
  const at = (name: string): string => rig.place.at(name)
  const { ended } = runJob(
    'killed',
    socket,
    whole(at('killed/work'), 'one.example.com'),
    `      - id: before
        run: touch ${at('begun')}; while [ ! -e ${at('again')} ]; do sleep 0.1; done
      - id: after
        run: curl -sS -m 20 https://one.example.com/; curl -sS -m 20 http://203.0.113.9/stolen || echo refused
`,
  )
  await until(() => existsSync(at('begun')))
  await agent.end('SIGKILL')
  const next = rig.spawn('--socket', socket, '--out', out, '--state', at('killed-state'))
  await next.says('armed, block')
  await until(() => existsSync(socket))
  writeFileSync(at('again'), '')
  const { stdout, status } = await ended
  expect(status).toBe(0)
  const [, , reported, over] = answers(stdout)
  expect(reported).toMatchObject({ ok: true })
  expect(JSON.stringify(reported?.value)).toContain("an earlier agent's policy was in force")
  expect(over).toEqual({ ok: true, value: {} })
  expect(stdout).toContain('refused')
  expect(await exited(next)).toBe(0)
}, 600_000)

test('a job whose runner is killed ends with its report, and so does the agent', async () => {
  const { agent, socket, out } = await agentFor('gone')
  const { cgroup, ended } = runJob(
    'gone',
    socket,
    whole(rig.place.at('gone/work')),
    `      - run: touch ${rig.place.at('working')}; sleep 1000\n`,
  )
  await until(() => existsSync(rig.place.at('working')))
  const own = readdirSync(cgroup).find((name) => name.startsWith('runwarden')) ?? ''
  const worker = readFileSync(join(cgroup, own, 'cgroup.procs'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('Runner.Worker'))
  process.kill(Number(worker), 'SIGKILL')
  await ended
  expect(await exited(agent)).toBe(0)
  expect(left(out).report.protection).toBe('armed')
  for (const pid of readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
    process.kill(Number(pid), 'SIGKILL')
}, 600_000)

describe('an agent that is installed on the machine', () => {
  test("has a job's policy in force while it runs, and its own before and afterwards", async () => {
    const cgroup = rig.cgroup()
    const socket = rig.place.at('installed.sock')
    const agent = await rig.agent(
      [{ cgroup, policy: rig.policy('two.example.com:80'), name: 'runner' }],
      '--socket',
      socket,
    )
    await until(() => existsSync(socket))
    expect(await rig.get(cgroup, 'http://two.example.com/')).toBe('200')
    const { ended } = runJob(
      'installed',
      socket,
      whole(rig.place.at('installed/work'), 'one.example.com:80'),
      `      - run: |
          curl -sS -m 20 -o /dev/null -w 'one %{http_code} ' http://one.example.com/
          curl -sS -m 20 http://two.example.com/ || echo refused
          kill -HUP ${agent.child.pid}
          while ! grep -q 'a job is under way' ${rig.place.at('said')}; do sleep 0.1; done
          curl -sS -m 20 http://two.example.com/ || echo still refused
`,
      cgroup,
    )
    const copied = setInterval(() => writeFileSync(rig.place.at('said'), agent.said), 50)
    const { stdout, status } = await ended
    clearInterval(copied)
    expect(status).toBe(0)
    const [armed, , reported, over] = answers(stdout)
    expect(armed).toMatchObject({ ok: true, value: { egress: 'block', cgroup } })
    expect(reported).toMatchObject({ ok: true, value: { interrupted: false } })
    expect(ownGaps(reported?.value?.gaps ?? [])).toEqual([])
    expect(over).toEqual({ ok: true, value: {} })
    expect(stdout).toContain('one 200')
    expect(stdout).toContain('one 200 refused')
    expect(stdout).toContain('still refused')
    // Its own policy again, when the worker has been seen to be gone; and it goes on to run.
    await agent.says('armed: block', 3)
    expect(await rig.get(cgroup, 'http://two.example.com/')).toBe('200')
    expect(await rig.get(cgroup, 'http://one.example.com/')).not.toBe('200')
    expect(left(rig.place.out).report.destinations.map(({ host }) => host)).toContain(
      'one.example.com',
    )
    expect(await agent.end('SIGTERM')).toBe(0)
  }, 600_000)

  test('keeps its own where it blocks in a scope that is wider than the runner; where it does not, the job has one', async () => {
    const wide = rig.cgroup()
    const audited = rig.cgroup()
    const socket = rig.place.at('wide.sock')
    const audit = rig.place.at('audit.yml')
    writeFileSync(audit, 'version: 1\negress: audit\n')
    const agent = rig.spawn(
      '--config',
      rig.config([
        { cgroup: wide, policy: rig.policy(), name: 'wide' },
        { cgroup: audited, policy: audit, name: 'audited' },
      ]),
      '--socket',
      socket,
    )
    await until(() => existsSync(socket))
    const run = (name: string, cgroup: string) =>
      runJob(
        name,
        socket,
        whole(rig.place.at(`${name}/work`), 'one.example.com:80'),
        steps(name),
        rig.cgroup(cgroup),
      )
    const within = await run('within', wide).ended
    expect(answers(within.stdout)[0]).toMatchObject({ ok: false, code: 'MACHINE_POLICY' })
    expect(within.stdout).toContain('within 000 refused')
    const own = await run('own', audited).ended
    expect(answers(own.stdout).map(({ ok }) => ok)).toEqual([true, true, true, true])
    expect(own.stdout).toContain('own 200 refused')
    expect(await agent.end('SIGTERM')).toBe(0)
  }, 600_000)

  test('takes a policy from the first action of a job only, before any step', async () => {
    const cgroup = rig.cgroup()
    const socket = rig.place.at('late.sock')
    const agent = await rig.agent(
      [{ cgroup, policy: rig.policy(), name: 'late' }],
      '--socket',
      socket,
    )
    await until(() => existsSync(socket))
    const { ended } = runJob(
      'late',
      socket,
      { main: [begin(rig.place.at('late/work'), ['one.example.com'])] },
      '      - run: curl -sS -m 20 https://one.example.com/ || echo refused\n',
      cgroup,
    )
    const { stdout } = await ended
    expect(answers(stdout)).toMatchObject([{ ok: false, code: 'REFUSED' }])
    expect(stdout).toContain('\nrefused')
    await agent.end('SIGTERM')
    expect(rig.report('late').detections).toContainEqual(
      expect.objectContaining({ id: 'agent-tampered', step: '__acme_ask' }),
    )
  }, 600_000)
})

test('two jobs at once have a policy each', async () => {
  const { agent, socket, out } = await agentFor('two')
  const meet = rig.place.at('meet')
  mkdirSync(meet)
  const job = (own: string, other: string) =>
    runJob(
      own,
      socket,
      whole(rig.place.at(`${own}/work`), `${own}.example.com:80`),
      `      - run: |
          touch ${meet}/${own}; while [ ! -e ${meet}/${other} ]; do sleep 0.1; done
          curl -sS -m 20 -o /dev/null -w '${own} %{http_code} ' http://${own}.example.com/
          curl -sS -m 20 http://${other}.example.com/ || echo refused
          touch ${meet}/${own}-over; while [ ! -e ${meet}/${other}-over ]; do sleep 0.1; done
`,
    ).ended
  const [one, two] = await Promise.all([job('one', 'two'), job('two', 'one')])
  for (const [name, { stdout, status }] of [
    ['one', one],
    ['two', two],
  ] as const) {
    expect(status).toBe(0)
    expect(stdout).toContain(`${name} 200`)
    expect(stdout).toContain('refused')
  }
  expect(await exited(agent)).toBe(0)
  expect(readdirSync(join(out, 'jobs'))).toHaveLength(2)
}, 600_000)
