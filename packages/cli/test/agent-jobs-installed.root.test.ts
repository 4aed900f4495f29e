import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Agent, type AgentRig } from './agent-rig.ts'
import { answers, type Asked, AskingJobs, begin, ownGaps, whole } from './asking-jobs.ts'
import { runwarden, until } from './runwarden.ts'
import { hierarchy } from './traces.ts'

let jobs: AskingJobs
let rig: AgentRig
beforeAll(async () => {
  jobs = await AskingJobs.start()
  rig = jobs.rig
})
afterAll(() => jobs[Symbol.asyncDispose]())

/** Steps that ask two servers. */
const steps = (name: string): string => `      - if: always()
        run: |
          curl -sS -m 20 -o /dev/null -w '${name} %{http_code} ' http://one.example.com/ || true
          curl -sS -m 20 http://203.0.113.9/ || echo refused
`

test("an installed agent has a job's policy in force while it runs, and its own before and afterwards", async () => {
  const cgroup = rig.cgroup()
  const socket = rig.place.at('installed.sock')
  const agent = await rig.agent(
    [{ cgroup, policy: rig.policy('two.example.com:80'), name: 'runner' }],
    '--socket',
    socket,
  )
  await until(() => existsSync(socket))
  expect(await rig.get(cgroup, 'http://two.example.com/')).toBe('200')
  const { ended } = jobs.run(
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
  expect(jobs.left(rig.place.out).report.destinations.map(({ host }) => host)).toContain(
    'one.example.com',
  )
  expect(await agent.end('SIGTERM')).toBe(0)
}, 600_000)

test('an installed agent keeps its own where it blocks in a scope that is wider than the runner; where it does not, the job has one', async () => {
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
    jobs.run(
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

test('an installed agent takes a policy from the first action of a job only, before any step', async () => {
  const cgroup = rig.cgroup()
  const socket = rig.place.at('late.sock')
  const agent = await rig.agent(
    [{ cgroup, policy: rig.policy(), name: 'late' }],
    '--socket',
    socket,
  )
  await until(() => existsSync(socket))
  const { ended } = jobs.run(
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

const bad = 'http://203.0.113.9/'

/** Requests of a job that is only watched, and that asks for this, too. */
function watched(workspace: string, more: object): Asked {
  const asked = begin(workspace, [])
  const policy = { name: 'the workflow', text: 'version: 1\negress: audit\n' }
  Object.assign(asked.job, { policy, failMode: 'open', afterJob: 'keep', ...more })
  return { ...whole(workspace), pre: [asked] }
}

/** A step that lasts until it is told to end. */
const waits = (name: string): string => `      - run: |
          touch ${rig.place.at(`${name}-begun`)}
          while [ ! -e ${rig.place.at(`${name}-go`)} ]; do sleep 0.1; done
`

test("after a job the machine's policy holds: of a scope that came by SIGHUP, and when its file is at fault by then", async () => {
  const cgroups = [rig.cgroup(), rig.cgroup()] as const
  const socket = rig.place.at('came.sock')
  const policy = rig.policy('198.51.100.10:80')
  const scopes = cgroups.map((cgroup, i) => ({ cgroup, policy, name: `came-${i}` }))
  const list = rig.place.at('block.json')
  writeFileSync(
    list,
    '{ "version": 1, "domains": [{ "value": "two.example.com", "reason": "x" }] }',
  )
  const file = rig.config(scopes.slice(0, 1))
  const agent = rig.spawn('--config', file, '--socket', socket)
  await until(() => existsSync(socket))
  const next = readFileSync(rig.config(scopes), 'utf8')
  writeFileSync(file, next.replace(/^state:/m, `    block-list: ${list}\nstate:`))
  agent.child.kill('SIGHUP')
  await agent.says('came-1: armed: block')
  const { ended } = jobs.run(
    'came',
    socket,
    watched(rig.place.at('came/work'), {}),
    waits('came'),
    cgroups[1],
  )
  await until(() => existsSync(rig.place.at('came-begun')))
  expect(await rig.get(cgroups[1], bad)).toBe('200')
  expect(await rig.get(cgroups[1], 'http://two.example.com/')).toBe('curl 6')
  rig.rewrite(policy, '198.51.100.11:80')
  agent.child.kill('SIGHUP')
  await agent.says('came-1: a job is under way')
  writeFileSync(policy, 'version: 1\negress: blok\n')
  agent.child.kill('SIGHUP')
  await agent.says('reload refused')
  writeFileSync(rig.place.at('came-go'), '')
  const [armed] = answers((await ended).stdout)
  expect(armed).toMatchObject({
    ok: true,
    value: {
      scope: 'job',
      egress: 'audit',
      cgroup: cgroups[1],
      warnings: [expect.stringContaining('after-job: keep does nothing here')],
    },
  })
  await agent.says('came-1: armed: block', 2)
  const before = (await rig.lab.internet.records()).length
  for (const cgroup of cgroups) {
    expect(await rig.get(cgroup, bad)).toBe('curl 7')
    // As it was read last.
    expect(await rig.get(cgroup, 'http://198.51.100.10/')).toBe('curl 7')
    expect(await rig.get(cgroup, 'http://198.51.100.11/')).toBe('200')
  }
  const reached = (await rig.lab.internet.records()).slice(before)
  expect(reached.filter(({ address }) => address === '203.0.113.9')).toEqual([])
  expect(agent.said).not.toContain('NOT WATCHED')
  expect(await agent.end('SIGTERM')).toBe(0)
}, 600_000)

test('that the machine is its own is for a job to say where the configuration lets it, and until the job ends', async () => {
  const machine = rig.cgroup()
  const other = rig.cgroup(machine)
  const socket = rig.place.at('machine.sock')
  const file = rig.place.at('machine.yml')
  const configure = (jobsKey: string): void =>
    writeFileSync(
      file,
      `scopes:\n  - cgroup: host\n    policy: ${rig.policy('198.51.100.10:80')}\n${jobsKey}state: ${rig.state}\nout: ${rig.place.out}\nsocket: ${socket}\n`,
    )
  configure('')
  // A hierarchy whose root is a cgroup of the test's.
  const inside = `mount --bind ${machine} ${hierarchy()} && exec "$@"`
  const agent = new Agent(
    rig.lab.runner.spawn(
      'unshare',
      ['-C', '-m', 'sh', '-c', inside, 'sh', runwarden, 'agent', '--config', file],
      { stdio: ['ignore', 'ignore', 'pipe'], cgroup: machine },
    ),
  )
  await until(() => existsSync(socket))
  const run = async (name: string): Promise<[ReturnType<typeof answers>[number], string]> => {
    const asked = watched(rig.place.at(`${name}/work`), { scope: 'host' })
    const { ended } = jobs.run(name, socket, asked, waits(name), rig.cgroup(machine))
    await until(() => existsSync(rig.place.at(`${name}-begun`)))
    const meanwhile = await rig.get(other, bad)
    writeFileSync(rig.place.at(`${name}-go`), '')
    const [armed] = answers((await ended).stdout)
    return [armed ?? { ok: false }, meanwhile]
  }
  expect(await run('kept')).toEqual([
    expect.objectContaining({ code: 'MACHINE_POLICY', advice: expect.stringContaining('jobs: ') }),
    'curl 7',
  ])
  configure('    jobs: may-replace\n')
  agent.child.kill('SIGHUP')
  await agent.says('host: reloaded')
  const [armed, meanwhile] = await run('replaced')
  expect(armed).toMatchObject({
    ok: true,
    value: { scope: 'host', cgroup: hierarchy(), warnings: [expect.stringContaining('keep does')] },
  })
  expect(meanwhile).toBe('200')
  await agent.says('host: armed: block', 2)
  expect(await rig.get(other, bad)).toBe('curl 7')
  expect(await rig.get(other, 'http://198.51.100.10/')).toBe('200')
  expect(await agent.end('SIGTERM')).toBe(0)
}, 600_000)

test('an imitation is told in the record of its own job, however many there were in the job before', async () => {
  const cgroup = rig.cgroup()
  const socket = rig.place.at('often.sock')
  const agent = await rig.agent(
    [{ cgroup, policy: rig.policy(), name: 'often' }],
    '--socket',
    socket,
  )
  await until(() => existsSync(socket))
  const asks = `perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new("${socket}")->getline'`
  for (const [name, times, told, armed] of [
    ['many', 70, [/^a process of the job asked/, /69 more times$/], 3],
    ['again', 1, [/^a process of the job asked/], 5],
  ] as const) {
    const { ended } = jobs.run(
      name,
      socket,
      whole(rig.place.at(`${name}/work`)),
      `      - id: thief\n        run: for i in $(seq ${times}); do ${asks}; done\n`,
      cgroup,
    )
    const { stdout } = await ended
    // Its own policy again.
    await agent.says('armed: block', armed)
    const folder = answers(stdout)[2]?.value?.folder ?? ''
    const tampered = rig.place.report(folder).detections.filter(({ id }) => id === 'agent-tampered')
    expect(tampered.map(({ title }) => title)).toEqual(
      told.map((words) => expect.stringMatching(words)),
    )
  }
  await agent.end('SIGTERM')
}, 600_000)
