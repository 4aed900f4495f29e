import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentRig } from './agent-rig.ts'

let rig: AgentRig
beforeAll(async () => {
  rig = await AgentRig.start()
})
afterAll(() => rig[Symbol.asyncDispose]())

type Scopes = Parameters<AgentRig['config']>[0]

const good = 'http://198.51.100.10/'
const bad = 'http://203.0.113.9/'

/** An agent whose configuration can be written anew. */
async function agentOf(scopes: Scopes) {
  const file = rig.config(scopes)
  const agent = rig.spawn('--config', file)
  await agent.says('armed: block')
  return {
    agent,
    async reload(next: Scopes, says: string, more = ''): Promise<void> {
      copyFileSync(rig.config(next), file)
      // Below the last scope: the lines of its mapping.
      if (more !== '')
        writeFileSync(file, readFileSync(file, 'utf8').replace(/^state:/m, `${more}state:`))
      agent.child.kill('SIGHUP')
      await agent.says(says)
    },
  }
}

test('scopes that the configuration has got are armed, and those that it has lost end, with their reports', async () => {
  const [a, b] = [rig.cgroup(), rig.cgroup()]
  const policy = rig.policy('198.51.100.10:80')
  const { agent, reload } = await agentOf([{ cgroup: a, policy, name: 'first' }])
  expect(await rig.get(b, bad)).toBe('200')
  await reload(
    [
      { cgroup: a, policy: rig.policy('198.51.100.11:80'), name: 'first' },
      { cgroup: b, policy, name: 'second' },
    ],
    'first: reloaded',
  )
  expect(await Promise.all([rig.get(a, good), rig.get(b, good), rig.get(b, bad)])).toEqual([
    'curl 7',
    '200',
    'curl 7',
  ])
  await reload([{ cgroup: b, policy, name: 'second' }], 'first: ended')
  expect(rig.report('first').protection).toBe('armed')
  expect(await rig.get(a, bad)).toBe('200')
  expect(await rig.get(b, bad)).toBe('curl 7')
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(await rig.get(b, bad)).toBe('200')
})

test('a configuration at fault is refused whole: neither its good scopes nor its good policies come into force', async () => {
  const [a, b] = [rig.cgroup(), rig.cgroup()]
  const policy = rig.policy('198.51.100.10:80')
  const { agent, reload } = await agentOf([{ cgroup: a, policy, name: 'whole' }])
  const other = rig.policy('203.0.113.9:80')
  const first = { cgroup: a, policy: other, name: 'whole' }
  const second = { cgroup: b, policy, name: 'more' }
  await reload([first, second], 'polici', '    polici: x\n')
  await reload([first, second, { ...second, cgroup: '/no-such', name: 'none' }], "'/no-such'")
  await reload([second, { ...first, name: 'renamed' }], 'another name or cgroup')
  expect(await Promise.all([rig.get(a, good), rig.get(a, bad), rig.get(b, bad)])).toEqual([
    '200',
    'curl 7',
    '200',
  ])
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(rig.report('whole').health.gaps).toEqual(
    Array.from({ length: 3 }, () => expect.stringContaining('reload refused')),
  )
})

test('a scope with other exemptions and rules is taken over in place; an exemption less is refused', async () => {
  const a = rig.cgroup()
  const free = rig.cgroup(a)
  const scopes = [{ cgroup: a, policy: rig.policy('198.51.100.10:80'), name: 'taken' }]
  const { agent, reload } = await agentOf(scopes)
  expect(await rig.get(free, bad)).toBe('curl 7')
  const enough = rig.place.at('enough')
  const storm = rig.lab.runner.exec(
    'bash',
    [
      '-c',
      `while [ ! -e ${enough} ]; do (: >/dev/tcp/203.0.113.9/80) 2>/dev/null && echo ok || echo no; done | sort -u`,
    ],
    { cgroup: a, timeout: 100_000 },
  )
  await reload(scopes, 'exempt from the policy', `    exempt:\n      - cgroup: ${free}\n`)
  await agent.says('has been taken over')
  expect(await Promise.all([rig.get(free, bad), rig.get(a, good)])).toEqual(['200', '200'])
  await reload(scopes, 'exempts ')
  expect(await rig.get(free, bad)).toBe('200')
  writeFileSync(enough, '')
  expect((await storm).stdout).toBe('no\n')
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(readdirSync(rig.place.at('out', 'taken')).length).toBe(2)
})

test('a policy that turns file monitoring off, or on again, brings a new watch with a record of its own', async () => {
  const a = rig.cgroup()
  const policy = rig.policy('198.51.100.10:80')
  const work = rig.place.at('work')
  mkdirSync(work)
  const file = rig.place.at('monitored.yml')
  writeFileSync(
    file,
    `scopes:\n  - cgroup: ${a}\n    policy: ${policy}\n    name: monitored\n    workspace: ${work}\nstate: ${rig.state}\nout: ${rig.place.out}\n`,
  )
  const agent = rig.spawn('--config', file)
  await agent.says('armed: block')
  const write = (name: string) =>
    rig.lab.runner.exec('sh', ['-c', `echo >${join(work, name)}`], { cgroup: a })
  const policyText = readFileSync(policy, 'utf8')
  const turn = async (text: string): Promise<void> => {
    const armed = agent.said.split('armed: block').length
    writeFileSync(policy, text)
    agent.child.kill('SIGHUP')
    while (agent.said.split('armed: block').length === armed)
      await new Promise((resolve) => setTimeout(resolve, 10))
    expect(await Promise.all([rig.get(a, good), rig.get(a, bad)])).toEqual(['200', 'curl 7'])
  }
  await write('one')
  await turn(`${policyText}disable-file-monitoring: true\n`)
  await write('two')
  await turn(policyText)
  await write('three')
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(agent.said.split('disable-file-monitoring has changed').length).toBe(3)
  const records = readdirSync(rig.place.at('out', 'monitored'))
    .toSorted()
    .map((name) => rig.place.at('out', 'monitored', name))
  expect(
    records.map((record) => [
      rig.place.report(record).filesUnwatched,
      rig.place
        .eventsOf('file.create', record)
        .filter(({ workspace }) => workspace)
        .map(({ path }) => path.slice(work.length + 1)),
    ]),
  ).toEqual([
    [null, ['one']],
    [`${policy}:6`, []],
    [null, ['three']],
  ])
})
