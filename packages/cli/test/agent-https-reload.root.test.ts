import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentRig } from './agent-rig.ts'
import { until } from './runwarden.ts'

let rig: AgentRig
beforeAll(async () => {
  rig = await AgentRig.start()
}, 120_000)
afterAll(async () => rig[Symbol.asyncDispose]())

/** Asks for what is written into a file by one connection that it has had from the start, or by a new one. */
const client = `
import http.client, os, ssl, time
context = ssl._create_unverified_context()
def made():
    c = http.client.HTTPSConnection("one.example.com", context=context, timeout=4); c.connect(); return c
old = made()
def ask(c, path):
    try:
        c.request("GET", path); c.getresponse().read(); return "passed"
    except OSError as e: return "refused"
    except http.client.HTTPException: return "refused"
done = 0
while True:
    try: lines = open("asks").read().splitlines()
    except OSError: lines = []
    for line in lines[done:]:
        which, path = line.split()
        try: how = ask(old if which == "old" else made(), path)
        except OSError: how = "refused"
        done += 1
        open("answers", "a").write(line + " " + how + "\\n")
    time.sleep(0.05)
`

const plain = 'version: 1\negress: block\nallow: [one.example.com]\n'
const rules = `version: 1
egress: block
allow:
  - one.example.com
  - https: one.example.com
    methods: [GET]
    paths: ["/a/**"]
`

test('reload: rules hold for processes that run already; connections that nobody has followed end', async () => {
  const cgroup = rig.cgroup()
  const policy = rig.policy()
  writeFileSync(policy, plain)
  const agent = await rig.agent([{ cgroup, policy, name: 'job' }])
  const child = rig.lab.runner.spawn('python3', ['-c', client], {
    cgroup,
    cwd: rig.place.path,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  let asked = ''
  const ask = async (line: string): Promise<void> => {
    asked += `${line}\n`
    writeFileSync(rig.place.at('asks'), asked)
    const count = asked.split('\n').length
    await until(
      () =>
        answers().split('\n').length === count ||
        child.exitCode !== null ||
        child.signalCode !== null,
    )
  }
  const answers = (): string =>
    existsSync(rig.place.at('answers')) ? readFileSync(rig.place.at('answers'), 'utf8') : ''
  const reload = async (text: string): Promise<void> => {
    writeFileSync(policy, text)
    agent.said = ''
    agent.child.kill('SIGHUP')
    await agent.says('reloaded')
  }
  await ask('old /first')
  await reload(rules)
  await ask('old /a/1')
  await ask('new /a/2')
  await reload(plain)
  await ask('new /free')
  await reload(rules)
  await ask('new /evil')
  expect(answers()).toBe('old /first passed\nold /a/1 refused\nnew /a/2 passed\nnew /free passed\n')
  expect(child.signalCode).toBe('SIGKILL')
  await agent.end('SIGTERM')
  const records = await rig.lab.internet.records()
  const paths = records.flatMap(({ requests }) => requests ?? []).map(({ path }) => path)
  expect(paths).toEqual(['/first', '/a/2', '/free'])
}, 180_000)

/** Connections to an address that say a name with rules, and once they may, ask for it and for another one. */
const byAddress = `
import os, socket, ssl, sys, time
context = ssl._create_unverified_context()
def made(): return context.wrap_socket(socket.create_connection(("198.51.100.10", 443), 6), server_hostname="one.example.com")
def ask(tls, path, host):
    try:
        tls.sendall(("GET %s HTTP/1.1\\r\\nHost: %s\\r\\n\\r\\n" % (path, host)).encode()); tls.recv(99)
    except OSError: pass
kept, evil = made(), made()
open("made", "w").close()
while not os.path.exists("go"): time.sleep(0.05)
ask(kept, "/a/kept", "one.example.com")
ask(evil, "/evil-by-address", "two.example.com")
`

test('reload: a connection whose address a line opened stays under the rules of the host that it said', async () => {
  const cgroup = rig.cgroup()
  const policy = rig.policy()
  writeFileSync(policy, `${rules}  - 198.51.100.10\n`)
  const agent = await rig.agent([{ cgroup, policy, name: 'job' }])
  const child = rig.lab.runner.spawn('python3', ['-c', byAddress], {
    cgroup,
    cwd: rig.place.path,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await until(() => existsSync(rig.place.at('made')) || child.exitCode !== null)
  agent.child.kill('SIGHUP')
  await agent.says('reloaded')
  writeFileSync(rig.place.at('go'), '')
  await until(() => child.exitCode !== null || child.signalCode !== null)
  await agent.end('SIGTERM')
  const records = await rig.lab.internet.records()
  const paths = records.flatMap(({ requests }) => requests ?? []).map(({ path }) => path)
  expect(paths.slice(3)).toEqual(['/a/kept'])
}, 180_000)

test('who is exempt from the policy is exempt from its HTTPS rules', async () => {
  const cgroup = rig.cgroup()
  const free = rig.cgroup(cgroup)
  const policy = rig.policy()
  writeFileSync(policy, rules)
  const files = ['--policy', policy, '--state', rig.state, '--out', rig.place.out]
  const agent = rig.spawn('--scope', cgroup, ...files, '--exempt-cgroup', free)
  await agent.says('armed: block')
  const evil = 'https://one.example.com/exempt'
  expect(await rig.get(free, evil)).toBe('200')
  expect(await rig.get(cgroup, 'https://one.example.com/a/3')).toBe('200')
  expect(await rig.get(cgroup, evil)).toBe('curl null')
  await agent.end('SIGTERM')
}, 180_000)

test('a program that is exempt from the policy is exempt from its HTTPS rules, a copy of it is not', async () => {
  const cgroup = rig.cgroup()
  const policy = rig.policy()
  writeFileSync(policy, rules)
  const exempt = rig.place.at('exempt-curl')
  copyFileSync('/usr/bin/curl', exempt)
  const files = ['--policy', policy, '--state', rig.state, '--out', rig.place.out]
  const agent = rig.spawn('--scope', cgroup, ...files, '--exempt-exe', exempt)
  await agent.says('armed: block')
  const ask = async (program: string, path: string) => {
    const args = ['-s', '-m', '20', '-o', '/dev/null', `https://one.example.com${path}`]
    const { status, signal } = await rig.lab.runner.exec(program, args, { cgroup })
    return signal ?? status
  }
  expect(await ask(exempt, '/exempt-program')).toBe(0)
  expect(await ask('/usr/bin/curl', '/a/4')).toBe(0)
  expect(await ask('/usr/bin/curl', '/no-exempt-program')).toBe('SIGKILL')
  await agent.end('SIGTERM')
  const paths = (await rig.lab.internet.records())
    .flatMap(({ requests }) => requests)
    .map(({ path }) => path)
  expect(paths.slice(-2)).toEqual(['/exempt-program', '/a/4'])
}, 180_000)
