import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentRig } from './agent-rig.ts'
import { until } from './runwarden.ts'

let rig: AgentRig
beforeAll(async () => {
  rig = await AgentRig.start()
})
afterAll(() => rig[Symbol.asyncDispose]())

const one = 'http://one.example.com/'
const two = 'http://two.example.com/'

test('scopes with different policies neither see nor disturb one another, and leave a record each', async () => {
  const [a, b] = [rig.cgroup(), rig.cgroup()]
  const agent = await rig.agent([
    { cgroup: a, policy: rig.policy('one.example.com:80'), name: 'alpha' },
    { cgroup: b, policy: rig.policy('two.example.com:80'), name: 'beta' },
  ])
  expect(
    await Promise.all([rig.get(a, one), rig.get(a, two), rig.get(b, one), rig.get(b, two)]),
  ).toEqual(['200', 'curl 6', 'curl 6', '200'])
  // What the one has learned does not open it for the other.
  expect(await rig.get(b, 'http://198.51.100.10/')).toBe('curl 7')
  expect(await agent.end('SIGTERM')).toBe(0)
  const curl = createHash('sha256').update(readFileSync('/usr/bin/curl')).digest('hex')
  for (const [name, good, bad] of [
    ['alpha', 'one.example.com', 'two.example.com'],
    ['beta', 'two.example.com', 'one.example.com'],
  ] as const) {
    const { dns, protection, health } = rig.report(name)
    expect({ protection, gaps: health.gaps }).toEqual({ protection: 'armed', gaps: [] })
    const verdicts = new Map(dns.map((query) => [query.name, query.verdict]))
    expect([verdicts.get(good), verdicts.get(bad)]).toEqual(['allowed', 'blocked'])
    const events = rig.events(name)
    expect(new Set(events.map(({ step }) => step))).toEqual(new Set([name]))
    // Though the agent reads it once for both.
    expect(
      events.filter((event) => event.kind === 'process.program' && event.path === '/usr/bin/curl'),
    ).toMatchObject([{ sha256: curl }])
  }
  // The policies ended with the agent, and nothing is left of them.
  expect(await rig.get(a, 'http://203.0.113.9/')).toBe('200')
  expect(existsSync(rig.state)).toBe(false)
})

test('in a nested scope both policies must allow', async () => {
  const outer = rig.cgroup()
  const inner = rig.cgroup(outer)
  const agent = await rig.agent([
    { cgroup: outer, policy: rig.policy('198.51.100.10:80', '203.0.113.9:80'), name: 'outer' },
    { cgroup: inner, policy: rig.policy('198.51.100.10:80', '198.51.100.11:80'), name: 'inner' },
  ])
  expect(await rig.get(inner, 'http://198.51.100.10/')).toBe('200')
  expect(await rig.get(inner, 'http://198.51.100.11/')).toBe('curl 7')
  expect(await rig.get(inner, 'http://203.0.113.9/')).toBe('curl 7')
  expect(await rig.get(outer, 'http://203.0.113.9/')).toBe('200')
  await agent.end('SIGTERM')
})

test('SIGHUP puts new policies in force; a bad one is refused whole, and said', async () => {
  const [a, b] = [rig.cgroup(), rig.cgroup()]
  const [first, second] = [rig.policy('198.51.100.10:80'), rig.policy('198.51.100.10:80')]
  const agent = await rig.agent([
    { cgroup: a, policy: first, name: 'first' },
    { cgroup: b, policy: second, name: 'second' },
  ])
  rig.rewrite(first, '198.51.100.11:80')
  rig.rewrite(second, 'one.example.com:80')
  agent.child.kill('SIGHUP')
  await agent.says('second: reloaded')
  expect(await rig.get(a, 'http://198.51.100.11/')).toBe('200')
  expect(await rig.get(a, 'http://198.51.100.10/')).toBe('curl 7')
  expect(await rig.get(b, one)).toBe('200')

  rig.rewrite(first, '203.0.113.9:80')
  writeFileSync(second, 'version: 1\negres: block\n')
  agent.child.kill('SIGHUP')
  await agent.says('reload refused')
  expect(agent.said).toContain('egres')
  expect(await rig.get(a, 'http://203.0.113.9/')).toBe('curl 7')
  expect(await rig.get(a, 'http://198.51.100.11/')).toBe('200')
  expect(await rig.get(b, one)).toBe('200')
  await agent.end('SIGTERM')
  for (const name of ['first', 'second'])
    expect(rig.report(name).health.gaps).toEqual([expect.stringContaining('reload refused')])
})

test('SIGUSR1 opens no debugger of the agent, and ends it no more than SIGUSR2 does', async () => {
  const scope = rig.cgroup()
  const policy = rig.policy('198.51.100.10:80')
  const agent = await rig.agent([{ cgroup: scope, policy, name: 'signalled' }])
  agent.child.kill('SIGUSR1')
  agent.child.kill('SIGUSR2')
  // Each query is answered by the agent: it has had its signals by then.
  expect(await rig.get(scope, one)).toBe('curl 6')
  expect(await rig.get(scope, 'http://127.0.0.1:9229/json/list')).toBe('curl 7')
  const { stdout } = await rig.lab.runner.exec('ss', ['-Hltn', 'sport = :9229'])
  expect(stdout).toBe('')
  expect(await agent.end('SIGTERM')).toBe(0)
})

test('a killed agent: its policy stays enforced; the next one takes it over, with what was learned', async () => {
  const scope = rig.cgroup()
  const policy = rig.policy('one.example.com:80', 'one.example.com:9000')
  const killed = await rig.agent([{ cgroup: scope, policy, name: 'kept' }])
  expect(await rig.get(scope, one)).toBe('200')
  // A connection that lives through all of it.
  const talk = rig.lab.runner.spawn(
    'bash',
    [
      '-c',
      'exec 3<>/dev/tcp/one.example.com/9000; while read -r l; do echo "$l" >&3; read -r r <&3; echo "$r"; done',
    ],
    { cgroup: scope },
  )
  let heard = ''
  talk.stdout?.setEncoding('utf8').on('data', (text: string) => {
    heard += text
  })
  const say = async (word: string): Promise<void> => {
    talk.stdin?.write(`${word}\n`)
    await until(() => heard.includes(word))
  }
  await say('before')

  await killed.end('SIGKILL')
  await say('without')
  expect(await rig.get(scope, 'http://198.51.100.10/')).toBe('200')
  expect(await rig.get(scope, 'http://203.0.113.9/')).toBe('curl 7')
  expect(await rig.get(scope, one)).toBe('curl 6')

  rig.rewrite(policy, 'two.example.com:80', 'one.example.com:80', 'one.example.com:9000')
  const next = await rig.agent([{ cgroup: scope, policy, name: 'kept' }])
  expect(next.said).toContain('has been taken over')
  await say('after')
  expect(await rig.get(scope, 'http://198.51.100.10/')).toBe('200')
  expect(await rig.get(scope, one)).toBe('200')
  expect(await rig.get(scope, two)).toBe('200')
  expect(await rig.get(scope, 'http://203.0.113.9/')).toBe('curl 7')
  talk.kill('SIGKILL')

  expect(await next.end('SIGTERM')).toBe(0)
  const report = rig.report('kept')
  expect(report.health.gaps).toEqual([expect.stringContaining('has been taken over')])
  expect(report.destinations.find(({ address }) => address === '203.0.113.9')?.verdict).toBe(
    'blocked',
  )
  expect(await rig.get(scope, 'http://203.0.113.9/')).toBe('200')
  expect(existsSync(rig.state)).toBe(false)
})

test('while traffic flows nothing that is denied passes, and nothing allowed is refused, when an agent is killed and followed', async () => {
  const scope = rig.cgroup()
  const policy = rig.policy('198.51.100.10:80')
  const killed = await rig.agent([{ cgroup: scope, policy, name: 'storm' }])
  const storm = (address: string): Promise<string> =>
    rig.lab.runner
      .exec(
        'bash',
        [
          '-c',
          `while [ ! -e ${rig.place.at('enough')} ]; do (: >/dev/tcp/${address}/80) 2>/dev/null && echo ok || echo no; done | sort -u`,
        ],
        { cgroup: scope, timeout: 200_000 },
      )
      .then(({ stdout }) => stdout.trim())
  const outcomes = Promise.all([storm('198.51.100.10'), storm('203.0.113.9')])
  await killed.end('SIGKILL')
  const next = await rig.agent([{ cgroup: scope, policy, name: 'storm' }])
  writeFileSync(rig.place.at('enough'), '')
  expect(await outcomes).toEqual(['ok', 'no'])
  await next.end('SIGTERM')
})

test('a stopped agent (SIGSTOP) still enforces, and no second one takes its scope', async () => {
  const scope = rig.cgroup()
  const policy = rig.policy('198.51.100.10:80')
  const agent = await rig.agent([{ cgroup: scope, policy, name: 'stopped' }])
  agent.child.kill('SIGSTOP')
  expect(await rig.get(scope, 'http://203.0.113.9/')).toBe('curl 7')
  expect(await rig.get(scope, 'http://198.51.100.10/')).toBe('200')
  const second = rig.spawn('--config', rig.config([{ cgroup: scope, policy }]))
  await until(() => second.child.exitCode !== null)
  expect(second.child.exitCode).toBe(125)
  expect(second.said).toContain('is under the policy of another agent')
  agent.child.kill('SIGCONT')
  await agent.end('SIGTERM')
  expect(
    rig.report('stopped').destinations.map(({ address, verdict }) => [address, verdict]),
  ).toEqual(
    expect.arrayContaining([
      ['203.0.113.9', 'blocked'],
      ['198.51.100.10', 'allowed'],
    ]),
  )
})

test('--on-stop keep leaves the policy enforced; --release ends it', async () => {
  const scope = rig.cgroup()
  const policy = rig.policy('198.51.100.10:80')
  const agent = await rig.agent([{ cgroup: scope, policy, name: 'keep' }], '--on-stop', 'keep')
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(rig.report('keep').protection).toBe('armed')
  expect(await rig.get(scope, 'http://203.0.113.9/')).toBe('curl 7')
  const released = rig.spawn('--release', scope, '--state', rig.state)
  await until(() => released.child.exitCode !== null)
  expect({ status: released.child.exitCode, said: released.said }).toEqual({
    status: 0,
    said: expect.stringContaining('no longer enforced'),
  })
  expect(await rig.get(scope, 'http://203.0.113.9/')).toBe('200')
})

test('a scope whose cgroup goes ends, and is armed again when it is made again; one that may wait is armed when it comes', async () => {
  const [gone, stays] = [rig.cgroup(), rig.cgroup()]
  const slice = rig.cgroup()
  const late = rig.cgroup(slice)
  rig.removeCgroup(late)
  rig.removeCgroup(slice)
  const policy = rig.policy('198.51.100.10:80')
  const file = rig.config([
    { cgroup: gone, policy, name: 'gone' },
    { cgroup: stays, policy, name: 'stays' },
    { cgroup: late, policy, name: 'late' },
  ])
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^state:/m, '    wait: true\nstate:'))
  const agent = rig.spawn('--config', file)
  await agent.says('stays: armed: block')
  await agent.says(`late: WAITS: there is no cgroup '${late}'`)
  const bad = 'http://203.0.113.9/'
  const before = (await rig.lab.internet.records()).length
  // As the unit of a runner that is restarted: a look after that finds a cgroup at the path.
  rmdirSync(gone)
  mkdirSync(gone)
  await agent.says('gone: armed: block', 2)
  expect(await rig.get(gone, bad)).toBe('curl 7')
  rmdirSync(gone)
  await agent.says('gone: WAITS')
  mkdirSync(slice)
  mkdirSync(late)
  mkdirSync(gone)
  await agent.says('late: armed: block')
  await agent.says('gone: armed: block', 3)
  expect(await Promise.all([gone, stays, late].map((cgroup) => rig.get(cgroup, bad)))).toEqual([
    'curl 7',
    'curl 7',
    'curl 7',
  ])
  expect((await rig.lab.internet.records()).slice(before)).toEqual([])
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(readdirSync(rig.place.at('out', 'gone')).length).toBe(3)
  expect(rig.report('gone').protection).toBe('armed')
  expect(existsSync(rig.state)).toBe(false)
  rmdirSync(late)
  rmdirSync(slice)
})

test.for([
  [
    'a cgroup that is not there',
    () => ['--scope', '/no-such-cgroup'],
    /no cgroup '\/no-such-cgroup'.*\n.*name a cgroup below/,
  ],
  ['a bad policy', () => ['--scope', rig.cgroup(), '--policy', '/etc/passwd'], /\/etc\/passwd:1/],
  ['no scope', () => [], /--scope host\|CGROUP/],
  ['a configuration without a scope', () => ['--config', rig.config([])], /needs "scopes:"/],
] as const)('%s: 125, and what to do', async ([, args, said]) => {
  const agent = rig.spawn(...args(), '--state', rig.state, '--out', join(rig.place.path, 'none'))
  await until(() => agent.child.exitCode !== null)
  expect(agent.child.exitCode).toBe(125)
  expect(agent.said).toMatch(said)
})
