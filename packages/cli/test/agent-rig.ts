import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event, Report } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import { prepareJob } from './job.ts'
import { type Ended, gather, Place, runwarden, until } from './runwarden.ts'
import { hierarchy } from './traces.ts'

/** An agent that was started on the lab's runner. */
export class Agent {
  readonly child: ChildProcess
  said = ''

  constructor(child: ChildProcess) {
    this.child = child
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.said += text
    })
  }

  /** Resolves when it has said so, as often; fails when it ends before. */
  async says(text: string, times = 1): Promise<void> {
    await until(() => {
      if (this.said.split(text).length > times) return true
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the agent ended; it said: ${this.said}`)
      return false
    })
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal)
    if (this.child.exitCode === null && this.child.signalCode === null)
      await once(this.child, 'exit')
    return this.child.exitCode
  }
}

/** A lab whose runner has an agent, and cgroups that it governs. */
export class AgentRig implements AsyncDisposable {
  readonly place = new Place()
  readonly lab: Lab
  readonly #cgroups: string[] = []
  #policies = 0
  #made = 0

  private constructor(lab: Lab) {
    this.lab = lab
  }

  static async start(): Promise<AgentRig> {
    return new AgentRig(
      await startLab({
        servers: [
          {
            name: 'one.example.com',
            addresses: ['198.51.100.10'],
            ports: { http: 80, https: 443, tcp: 9000 },
          },
          { name: 'two.example.com', addresses: ['198.51.100.11'], ports: { http: 80 } },
          { addresses: ['203.0.113.9'], ports: { http: 80, tcp: 9000 } },
        ],
      }),
    )
  }

  get state(): string {
    return this.place.at('state')
  }

  /** A new cgroup, below another one or the root. */
  cgroup(below = hierarchy()): string {
    const path = join(below, `rw-agent-${process.pid}-${this.#made++}`)
    mkdirSync(path)
    this.#cgroups.unshift(path)
    return path
  }

  removeCgroup(path: string): void {
    rmdirSync(path)
    this.#cgroups.splice(this.#cgroups.indexOf(path), 1)
  }

  /** A policy file in block mode that allows these endpoints. */
  policy(...allow: string[]): string {
    const file = this.place.at(`policy-${this.#policies++}.yml`)
    this.rewrite(file, ...allow)
    return file
  }

  rewrite(file: string, ...allow: string[]): void {
    const lines = allow.map((endpoint) => `  - '${endpoint}'\n`).join('')
    writeFileSync(file, `version: 1\negress: block\nallow:${lines === '' ? ' []' : `\n${lines}`}\n`)
  }

  /** An agent with these scopes. */
  config(scopes: { cgroup: string; policy: string; name?: string }[]): string {
    const file = this.place.at(`agent-${this.#policies++}.yml`)
    const lines = scopes.map(
      ({ cgroup, policy, name }) =>
        `  - cgroup: ${cgroup}\n    policy: ${policy}\n${name === undefined ? '' : `    name: ${name}\n`}`,
    )
    writeFileSync(file, `scopes:\n${lines.join('')}state: ${this.state}\nout: ${this.place.out}\n`)
    return file
  }

  spawn(...args: string[]): Agent {
    return new Agent(
      this.lab.runner.spawn(runwarden, ['agent', ...args], { stdio: ['ignore', 'ignore', 'pipe'] }),
    )
  }

  /** An agent that starts inside a cgroup. */
  spawnIn(cgroup: string, ...args: string[]): Agent {
    const options = { cgroup, stdio: ['ignore', 'ignore', 'pipe'] as const }
    return new Agent(
      this.lab.runner.spawn(runwarden, ['agent', ...args], {
        ...options,
        stdio: [...options.stdio],
      }),
    )
  }

  /** Starts an agent and waits until every scope is armed. */
  async agent(scopes: Parameters<AgentRig['config']>[0], ...args: string[]): Promise<Agent> {
    const agent = this.spawn('--config', this.config(scopes), ...args)
    for (let armed = 0; armed < scopes.length;) {
      await agent.says('armed: block')
      armed = agent.said.split('armed: block').length - 1
      if (armed < scopes.length) await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return agent
  }

  /** Starts a job in a cgroup, as the runner's listener would. */
  job(
    cgroup: string,
    name: string,
    steps: string,
    options: Parameters<typeof prepareJob>[2] = {},
  ): { workspace: string; ended: Promise<Ended> } {
    const { command, workspace } = prepareJob(this.place.at(name), steps, options)
    const [program, ...args] = command
    const child = this.lab.runner.spawn(program, args, { cgroup, stdio: 'pipe' })
    return { workspace, ended: gather(child) }
  }

  /** How a request from inside a cgroup went: the status of HTTP, or curl's own (6: no name, 7: refused). */
  async get(cgroup: string, url: string): Promise<string> {
    const args = ['-s', '-m', '20', '-o', '/dev/null', '-w', '%{http_code}', url]
    const { status, stdout } = await this.lab.runner.exec('curl', args, { cgroup })
    return status === 0 ? stdout : `curl ${status}`
  }

  /** The folder of the newest record of a scope. */
  record(name: string): string {
    const folder = this.place.at('out', name)
    return join(folder, readdirSync(folder).toSorted().at(-1) ?? '')
  }

  report(name: string): Report {
    return this.place.report(this.record(name))
  }

  events(name: string): Event[] {
    return this.place.events(this.record(name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]()
    for (const cgroup of this.#cgroups) rmdirSync(cgroup)
    this.place[Symbol.dispose]()
  }
}
