import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { ActionRig } from './action-rig.ts'

// Each test is a job or more, with an agent that is started and ended.
vi.setConfig({ testTimeout: 600_000 })

let rig: ActionRig
beforeAll(async () => {
  rig = await ActionRig.start()
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())
afterEach(() => rig.lab.internet.clear())

/** One request that is allowed in block mode, and two that are not: by name and by address. */
const steps = `      - id: allowed
        run: curl -sSf -m 20 http://one.example.com/
      - id: by-name
        run: curl -sS -m 20 http://two.example.com/ || true
      - id: by-address
        run: curl -sS -m 20 http://203.0.113.9/ || true
`

test('block mode: what the policy does not allow is stopped, and told by step; nothing of us is left', async () => {
  const inputs = { 'egress-policy': 'block', 'allowed-endpoints': 'one.example.com:80' }
  const job = await rig.run({ with: inputs, steps })
  expect(job.status, job.log).toBe('success')
  expect(job.steps.map(({ action, stage, outcome }) => `${action} ${stage} ${outcome}`)).toEqual([
    'runwarden pre success',
    'runwarden main success',
    'allowed main success',
    'by-name main success',
    'by-address main success',
    'runwarden post success',
  ])
  expect(await rig.reached()).toEqual(['one.example.com 80 tcp'])

  const report = rig.report(job)
  expect(report.protection).toBe('armed')
  // The first is the agent's own view of the job, before its first step.
  expect(report.steps.map(({ id }) => id).slice(1)).toEqual([
    'runwarden',
    'allowed',
    'by-name',
    'by-address',
  ])
  expect(report.dns.filter(({ verdict }) => verdict === 'blocked').map(({ name }) => name)).toEqual(
    expect.arrayContaining(['two.example.com']),
  )
  expect(
    report.destinations
      .map(({ host, address, verdict, processes: [by] }) =>
        [host ?? address, verdict, by?.step].join(' '),
      )
      .toSorted(),
  ).toEqual(['203.0.113.9 blocked by-address', 'one.example.com allowed allowed'])
  const outputs = rig.outputs(job)
  expect(Number(outputs['blocked-count'])).toBeGreaterThan(1)
  const found = JSON.parse(outputs['detections'] ?? '') as { id: string; step: string }[]
  expect(found.map(({ id, step }) => `${id} ${step}`)).toEqual([
    'domain-blocked by-name',
    'destination-blocked by-address',
  ])
  expect(outputs['recommended-policy']).toContain('one.example.com:80')
  expect(job.annotations.map(({ level, stage }) => `${stage} ${level}`)).toEqual([
    'post warning',
    'post warning',
  ])
  for (const text of ['Protected', 'two.example.com', '203.0.113.9:80', 'Recommended policy'])
    expect(job.summary).toContain(text)
  await rig.leavesNothing()
})

test('a company’s runner is named in the log, the summary and the report: by what its worker was started with, and no workflow', async () => {
  await using runner = rig.runner('company', {
    env: { CODEBUILD_BUILD_ARN: 'arn:aws:codebuild:x' },
  })
  const head = "    env: { BITRISE_IO: 'true', KUBERNETES_SERVICE_HOST: 192.0.2.1 }\n"
  const job = await rig.start(runner, { head, steps: '      - run: "true"\n' }).ended
  expect(job.status, job.log).toBe('success')
  expect(job.log).toContain('The runner is of AWS CodeBuild.')
  expect(job.summary).toContain(' · runner of AWS CodeBuild · ')
  expect(rig.report(job).runner).toBe('AWS CodeBuild')
})

test('audit mode: nothing is stopped, and what block mode would stop is shown', async () => {
  const inputs = { 'egress-policy': 'audit', 'allowed-endpoints': 'one.example.com:80' }
  const job = await rig.run({ with: inputs, steps })
  expect(job.status, job.log).toBe('success')
  expect(await rig.reached()).toEqual([
    'one.example.com 80 tcp',
    'two.example.com 80 tcp',
    '203.0.113.9 80 tcp',
  ])
  const verdicts = rig.report(job).destinations.map(({ verdict }) => verdict)
  expect(verdicts.toSorted()).toEqual(['allowed', 'would-block', 'would-block'])
  expect(rig.outputs(job)['blocked-count']).toBe('0')
})

test('without inputs nothing is allowed, as Harden-Runner has it', async () => {
  const job = await rig.run({ steps: '      - run: curl -sS -m 20 http://one.example.com/\n' })
  expect(job.status).toBe('failure')
  expect(await rig.reached()).toEqual([])
  // GitHub's own services go on: post has reported.
  expect(rig.report(job).egress).toBe('block')
})

test.for([
  ['blocked', 'http://two.example.com/', 'failure'],
  ['detection', 'http://two.example.com/', 'failure'],
  ['detection', 'http://one.example.com/', 'success'],
  ['none', 'http://two.example.com/', 'success'],
] as const)('fail-on: %s, and a request to %s: %s', async ([failOn, url, status]) => {
  const job = await rig.run({
    with: { 'allowed-endpoints': 'one.example.com:80', 'fail-on': failOn },
    steps: `      - run: curl -sS -m 20 ${url} || true\n`,
  })
  expect(job.status, job.log).toBe(status)
  const said = job.annotations.filter(({ message }) => message.includes('fail-on'))
  expect(said.map(({ stage, level }) => `${stage} ${level}`)).toEqual(
    status === 'failure' ? ['post error'] : [],
  )
})

test('the job is in a cgroup of its own while it runs; the agent is not, has nothing of its environment, and leaves no core', async () => {
  const job = await rig.run(
    {
      with: { 'allowed-endpoints': 'one.example.com:80' },
      head: '    env: { IN_JOB: marker-of-the-job }\n',
      steps: `      - run: |
          grep -h '^0::' /proc/self/cgroup "/proc/$PPID/cgroup"
          for pid in $(ls /proc | grep '^[0-9]*$'); do
            if [ "$(readlink "/proc/$pid/ns/net")" = "$(readlink /proc/self/ns/net)" ] &&
              readlink "/proc/$pid/exe" | grep -q /program/node; then
              echo "agent $(grep '^0::' "/proc/$pid/cgroup") $(tr '\\0' ' ' < "/proc/$pid/environ")"
              grep -q cli/src/main.js "/proc/$pid/cmdline" && ! grep -q supervise.js "/proc/$pid/cmdline" &&
                echo "core $(sed -n 's/^Max core file size *//p' "/proc/$pid/limits")"
            fi
          done
`,
    },
    { services: { ACTIONS_RUNTIME_TOKEN: 'marker-of-the-service' } },
  )
  expect(job.status, job.log).toBe('success')
  const cgroup = `/rw-action-${process.pid}`
  expect(job.log.match(/^0::.*$/gm)).toEqual([
    expect.stringMatching(`^0::${cgroup}/runwarden\\.job-\\w+$`),
    expect.stringMatching(`^0::${cgroup}/runwarden\\.job-\\w+$`),
  ])
  const agents = job.log.split('\n').filter((line) => line.startsWith('agent 0::'))
  // Itself, and what keeps it running; those of the jobs before may not have gone yet.
  expect(agents.length).toBeGreaterThan(1)
  for (const line of agents)
    expect(line).toMatch(new RegExp(`^agent 0::${cgroup} PATH=\\S+ LANG=C.UTF-8 TZ=UTC $`))
  const limits = job.log.split('\n').filter((line) => line.startsWith('core '))
  expect(limits.length).toBeGreaterThan(0)
  for (const line of limits) expect(line).toMatch(/^core 0 +0 +bytes/)
})
