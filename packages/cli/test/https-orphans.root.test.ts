import { type ChildProcess, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentRig } from './agent-rig.ts'
import { curl, HttpsRig, policyOf, python, SENT_AGAIN_MS, url } from './https-rules-rig.ts'
import { Place, runwarden, until } from './runwarden.ts'

let rig: HttpsRig
beforeAll(async () => {
  rig = await HttpsRig.apart()
}, 120_000)
afterAll(async () => rig[Symbol.asyncDispose]())

/** Leaves its number, has a connection, and writes to it what it must not when it is told to. */
const writer = python(`
import os, time
tls = connect("api.example.com")
say(tls, "GET /repos/acme/shop HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n"); tls.recv(9999)
open("started", "w").write(str(os.getpid()))
while not os.path.exists("go"): time.sleep(0.02)
say(tls, "GET /evil HTTP/1.1\\r\\nHost: api.example.com\\r\\n\\r\\n")
tls.recv(99)
open("went-on", "w").close()`)

/** A job of which a process is held, by an agent that does nothing any more. */
class Held implements Disposable {
  readonly place = new Place()
  readonly agent: ChildProcess
  said = ''

  constructor(job: string) {
    writeFileSync(this.place.at('policy.yml'), policyOf())
    writeFileSync(this.place.at('job.sh'), job)
    const args = ['run', '--quiet', '--policy', 'policy.yml', '--out', this.place.out]
    this.agent = rig.lab.runner.spawn(runwarden, [...args, '--', 'bash', 'job.sh'], {
      cwd: this.place.path,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.agent.stderr?.setEncoding('utf8').on('data', (text: string) => (this.said += text))
  }

  hold(): Promise<number> {
    return hold(this.agent, this.place)
  }

  kill(): Promise<void> {
    return kill(this.agent)
  }

  async nothingLeft(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, SENT_AGAIN_MS))
    expect((await rig.requests()).filter((line) => line.includes('evil'))).toEqual([])
    expect(existsSync(this.place.at('went-on'))).toBe(false)
  }

  [Symbol.dispose](): void {
    this.place[Symbol.dispose]()
  }
}

/** From the third field on; empty: there is none. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

const isGone = (pid: number): boolean => [undefined, 'Z'].includes(statOf(pid)[0])

/** What is in a file once anything is: it is there before it is written to. */
async function written(file: string): Promise<string> {
  await until(() => existsSync(file) && readFileSync(file).length > 0)
  return readFileSync(file, 'utf8')
}

/** @returns the process that is held */
async function hold(agent: ChildProcess, place: Place): Promise<number> {
  const pid = Number(await written(place.at('started')))
  agent.kill('SIGSTOP')
  await until(() => statOf(agent.pid ?? 0)[0] === 'T')
  writeFileSync(place.at('go'), '')
  await until(() => statOf(pid)[0] === 'T')
  return pid
}

async function kill(agent: ChildProcess): Promise<void> {
  agent.kill('SIGKILL')
  if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit')
}

async function killWatcher({ pid: agent = 0 }: ChildProcess): Promise<void> {
  const pid = await until(() => watcherOf(agent))
  process.kill(pid, 'SIGKILL')
  await until(() => isGone(pid))
}

function watcherOf(agent: number): number | undefined {
  const { stdout } = spawnSync('pgrep', ['-P', String(agent), 'end-held'], { encoding: 'utf8' })
  return stdout === '' ? undefined : Number(stdout)
}

test('a process that is held when its agent is killed ends, and the rest of the job goes on', async () => {
  using held = new Held(`${writer}; echo $? >status`)
  const pid = await held.hold()
  await held.kill()
  expect(await written(held.place.at('status'))).toBe('137\n')
  await until(() => held.said.includes(`process ${pid} (`))
  expect(held.said).toContain('it was ended, and nothing of that has left')
  await held.nothingLeft()
}, 180_000)

test('su, which stops itself with its child, goes on when that was ended', async () => {
  using held = new Held(`su root -c '. ./writer.sh'; echo $? >status`)
  writeFileSync(held.place.at('writer.sh'), `exec ${writer}`)
  const pid = await held.hold()
  const su = Number(statOf(pid)[1])
  await until(() => statOf(su)[0] === 'T')
  await held.kill()
  expect(await written(held.place.at('status'))).toBe('137\n')
  await held.nothingLeft()
}, 180_000)

test('where the watcher was killed, too, the next start ends what is held, and says so', async () => {
  using held = new Held(writer)
  const pid = await held.hold()
  await killWatcher(held.agent)
  await held.kill()
  expect(statOf(pid)[0]).toBe('T')
  const next = await rig.attempt(`${curl} ${url}/repos/acme/next`, { waitMs: SENT_AGAIN_MS })
  expect(next.stderr).toContain(`process ${pid} (`)
  expect(isGone(pid)).toBe(true)
  expect(next.arrived).toEqual(['GET api.example.com/repos/acme/next'])
  await held.nothingLeft()
}, 180_000)

test('a watcher that is killed is told', async () => {
  using held = new Held(`until [ -e go ]; do sleep 0.02; done`)
  await killWatcher(held.agent)
  await until(() => held.said.includes('its watcher has ended (SIGKILL)'))
  writeFileSync(held.place.at('go'), '')
  if (held.agent.exitCode === null) await once(held.agent, 'exit')
  expect(held.agent.exitCode).toBe(0)
  expect(held.place.report().health.gaps).toContainEqual(expect.stringContaining('its watcher'))
}, 180_000)

/** An agent on a scope of its own, and a job in it. */
async function governed(agents: AgentRig) {
  const { place } = agents
  const cgroup = agents.cgroup()
  writeFileSync(place.at('policy.yml'), policyOf().replace('api.', 'one.'))
  const files = ['--policy', place.at('policy.yml'), '--state', agents.state, '--out', place.out]
  const start = async () => {
    const agent = agents.spawn('--scope', cgroup, ...files)
    await agent.says('armed: block')
    return agent
  }
  const agent = await start()
  const command = writer.replaceAll('api.', 'one.')
  const job = agents.lab.runner.spawn('bash', ['-c', `exec ${command}`], {
    cgroup,
    cwd: place.path,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return { agent, job, start }
}

async function pathsOf({ lab }: AgentRig): Promise<string[]> {
  return (await lab.internet.records()).flatMap(({ requests }) => requests).map(({ path }) => path)
}

test('the next agent of a scope ends what the one before has left held, and says so', async () => {
  await using agents = await AgentRig.start()
  const { agent, job, start } = await governed(agents)
  const pid = await hold(agent.child, agents.place)
  expect(pid).toBe(job.pid)
  await killWatcher(agent.child)
  await kill(agent.child)
  expect(statOf(pid)[0]).toBe('T')
  const second = await start()
  expect(second.said).toContain(`process ${pid} (`)
  await until(() => job.signalCode === 'SIGKILL')
  await second.end('SIGTERM')
  expect(await pathsOf(agents)).toEqual(['/repos/acme/shop'])
}, 180_000)

test('an agent that is told to stop decides before it goes', async () => {
  await using agents = await AgentRig.start()
  const { agent, job } = await governed(agents)
  await hold(agent.child, agents.place)
  agent.child.kill('SIGTERM')
  await agent.end('SIGCONT')
  await until(() => job.signalCode === 'SIGKILL')
  expect(await pathsOf(agents)).toEqual(['/repos/acme/shop'])
}, 180_000)
