import { existsSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AgentRig } from './agent-rig.ts'
import { answers, AskingJobs, begin, ownGaps, whole } from './asking-jobs.ts'
import { until } from './runwarden.ts'

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
