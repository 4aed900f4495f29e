import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event, RunFacts } from '@runwarden/events'
import type { CompiledPolicy } from '@runwarden/policy'
import { hierarchy } from '../../src/service/cgroups.ts'
import { AgentService } from '../../src/service/service.ts'
import { Net } from '../enforce/net.ts'

/** Two network namespaces, a server in the far one, and a scope under an agent that runs in this process. */
export class ServiceRig implements AsyncDisposable {
  readonly net = new Net()
  readonly folder = mkdtempSync(join(tmpdir(), 'runwarden-service-'))
  readonly cgroup = join(hierarchy(), `rw-service-${process.pid}`)
  readonly said: string[] = []
  readonly events: Event[] = []
  facts: RunFacts | undefined
  #policy: (() => CompiledPolicy) | undefined
  #service: AgentService | undefined
  readonly #children: ChildProcess[] = []
  readonly flows: string

  constructor() {
    this.flows = join(this.folder, 'flows')
    const source = join(import.meta.dirname, 'acts/flows.c')
    execFileSync('gcc', ['-O2', '-static', '-o', this.flows, source])
    mkdirSync(this.cgroup)
  }

  get service(): AgentService {
    if (this.#service === undefined) throw new Error('call govern() first')
    return this.#service
  }

  /** The policy that is read at the next start or reload. */
  set policy(read: () => CompiledPolicy) {
    this.#policy = read
  }

  async govern(): Promise<void> {
    this.#service = await AgentService.start({
      version: 'test',
      home: join(this.folder, 'state'),
      say: (text) => this.said.push(text),
      scopes: [
        {
          name: 'flows',
          cgroup: this.cgroup,
          policyFile: null,
          workspace: null,
          uplinks: [],
          exempt: { cgroups: [], programs: [], presets: [] },
          read: async () => (this.#policy as () => CompiledPolicy)(),
          record: async () => ({
            onEvent: (event) => this.events.push(event),
            finish: async (facts) => (this.facts = facts),
            abandon: () => {},
          }),
        },
      ],
    })
  }

  /** Starts the server, or connections in the scope; resolves when it says that it is ready. */
  async start(what: 'serve' | 'keep', ...args: string[]): Promise<ChildProcess> {
    const near = what === 'keep'
    const command = this.net.inside(near ? this.net.near : this.net.far, [
      this.flows,
      what,
      ...args,
    ])
    const enter = near ? `echo $$ >${this.cgroup}/cgroup.procs; exec "$@"` : 'exec "$@"'
    const child = spawn('sh', ['-c', enter, 'sh', ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#children.push(child)
    const [first] = (await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(([code]) => [`it ended with ${String(code)}`]),
    ])) as [Buffer | string]
    if (first.toString() !== 'ready\n') throw new Error(`flows ${what}: ${first.toString()}`)
    return child
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    }
    await this.#service?.stop('end')
    for (let attempt = 0; ; attempt++) {
      try {
        rmdirSync(this.cgroup)
        break
      } catch (error) {
        // The last process of it was reaped a moment ago.
        if (attempt === 400) throw error
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    this.net[Symbol.dispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
