import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import type { Event, Report } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import {
  type JobResult,
  type JobsOptions,
  type RanJob,
  Runner,
  runJobs,
  type RunnerOptions,
  type RunningJob,
  type WorkflowOptions,
} from '@runwarden/lab/runner'
import { Place, until } from '../../cli/test/runwarden.ts'
import { hierarchy } from '../../cli/test/traces.ts'

const checkout = join(import.meta.dirname, '../../..')
/** Where the action keeps its agents; in the lab it is a folder of the rig's. */
const home = '/var/lib/runwarden'
const uses = 'runwarden/runwarden@v1'

export type Ended = JobResult & { log: string }

/** What goes into a workflow with the action as its first step. */
export interface JobText {
  with?: Readonly<Record<string, string | boolean>>
  /** As they stand in a workflow, ten blanks in front. */
  steps?: string
  /** Of the job, four blanks in front. */
  head?: string
  name?: string
}

/** A machine with runners, in a lab and in a cgroup of its own, and the action of this checkout. */
export class ActionRig implements AsyncDisposable {
  readonly place: Place
  readonly lab: Lab
  readonly cgroup = join(hierarchy(), `rw-action-${process.pid}`)
  #files = 0
  /** What runs before have left, whose namespaces' numbers may be given again, is not the rig's. */
  readonly #before = new Set(names('/run/runwarden'))

  private constructor(place: Place, lab: Lab) {
    this.place = place
    this.lab = lab
  }

  static async start(options: Parameters<typeof startLab>[0] = {}): Promise<ActionRig> {
    using stack = new DisposableStack()
    const place = stack.use(new Place())
    chmodSync(place.path, 0o755)
    makeAction(place.at('actions', uses.replace('@', '/')))
    const lab = await startLab({
      ...options,
      servers: [
        {
          name: 'one.example.com',
          addresses: ['198.51.100.10', '2001:db8:1::10'],
          ports: { http: 80, https: 443, tcp: 9000, udp: 9001 },
        },
        { name: 'two.example.com', addresses: ['198.51.100.11'], ports: { http: 80, https: 443 } },
        { addresses: ['203.0.113.9'], ports: { http: 80, tcp: 9000, udp: [9001, 53] } },
        ...(options.servers ?? []),
      ],
    })
    stack.move()
    const rig = new ActionRig(place, lab)
    mkdirSync(rig.cgroup)
    for (const folder of [rig.place.at('var'), home]) mkdirSync(folder, { recursive: true })
    await rig.mount('--bind', rig.place.at('var'), home)
    return rig
  }

  /** In the lab alone, when the agents of jobs before have ended: they would not find what is mounted over. */
  async mount(...words: string[]): Promise<void> {
    await this.leavesNothing()
    const { status, stderr } = await this.lab.runner.exec('mount', words)
    if (status !== 0) throw new Error(`mount ${words.join(' ')}: ${stderr}`)
  }

  /** A runner of this machine. @param env of its listener, and so of all that it starts */
  runner(
    name: string,
    { env = {}, ...options }: Partial<RunnerOptions> & { env?: Record<string, string> } = {},
  ): Runner {
    return Runner.start({ ...options, folder: this.place.at(name), spawn: this.#spawn(env) })
  }

  #spawn(env: Record<string, string>): NonNullable<RunnerOptions['spawn']> {
    return (program, args, stdio) =>
      this.lab.runner.spawn(program, args, { stdio, cgroup: this.cgroup, env })
  }

  /** A workflow with the action as the first step of its job. @returns its file */
  workflow({ with: inputs = {}, steps = '', head = '', name = 'CI' }: JobText): string {
    const file = this.place.at(`ci-${this.#files++}.yml`)
    const lines = Object.entries(inputs).map(
      ([key, value]) => `          ${key}: ${JSON.stringify(value)}\n`,
    )
    const given = lines.length === 0 ? '' : `        with:\n${lines.join('')}`
    writeFileSync(
      file,
      `name: ${JSON.stringify(name)}\non: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n${head}    steps:\n      - uses: ${uses}\n        id: runwarden\n${given}${steps}`,
    )
    return file
  }

  start(runner: Runner, text: JobText, options: Partial<WorkflowOptions> = {}): RunningJob {
    return runner.run(this.workflow(text), { actions: this.place.at('actions'), ...options })
  }

  /** One job, on a runner of its own. */
  async run(text: JobText, options: Partial<WorkflowOptions> = {}): Promise<Ended> {
    await using runner = this.runner(`runner-${this.#files}`)
    return await this.start(runner, text, options).ended
  }

  /** All jobs of a workflow's file. */
  async runFile(file: string, options: Partial<JobsOptions> = {}): Promise<RanJob[]> {
    return await runJobs(file, {
      folder: this.place.at(`runners-${this.#files++}`),
      actions: this.place.at('actions'),
      listener: { spawn: this.#spawn({}) },
      ...options,
    })
  }

  /** Of the action's last stage. */
  outputs({ steps }: JobResult): Record<string, string> {
    return (
      steps.find(({ stage, action }) => stage === 'post' && action === 'runwarden')?.outputs ?? {}
    )
  }

  /** Where a folder of the lab's is on this machine. */
  here(path: string): string {
    return path.startsWith(`${home}/`) ? this.place.at('var', relative(home, path)) : path
  }

  report(job: JobResult): Report {
    return this.place.report(this.here(this.outputs(job)['report-path'] ?? ''))
  }

  events(job: JobResult): Event[] {
    return this.place.events(this.here(this.outputs(job)['report-path'] ?? ''))
  }

  /** What reached the lab's servers: where, by which protocol. */
  async reached(): Promise<string[]> {
    const records = await this.lab.internet.records()
    return records.map(({ server, address, port, protocol }) =>
      [server ?? address, port, protocol].join(' '),
    )
  }

  /** Waits until nothing of the action is left, and says what is when its time is over. */
  async leavesNothing(): Promise<void> {
    const begun = Date.now()
    await until(() => this.left().length === 0 || Date.now() - begun > 60_000)
    const left = this.left()
    if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`)
  }

  /** A run's folder, of a run in this lab: others run beside it. */
  #isOwn(name: string): boolean {
    try {
      const owner = readFileSync(join('/run/runwarden', name, 'owner.json'), 'utf8')
      return owner.includes(readlinkSync(`/proc/${this.lab.runner.pid}/ns/mnt`))
    } catch {
      // Another kind of folder, or gone.
      return false
    }
  }

  /** Processes, cgroups, mounts and pins that are there beside the lab's own. */
  left(): string[] {
    const own = readlinkSync(`/proc/${this.lab.runner.pid}/ns/net`)
    const processes = names('/proc').filter((name) => {
      try {
        return Number(name) !== this.lab.runner.pid && readlinkSync(`/proc/${name}/ns/net`) === own
      } catch {
        return false
      }
    })
    const mounts = readFileSync(`/proc/${this.lab.runner.pid}/mounts`, 'utf8')
      .split('\n')
      .filter((line) => /\brunwarden\b/.test(line.split(' ')[1] ?? ''))
      .filter((line) => line.split(' ')[1] !== home)
    return [
      ...processes.map((pid) => `process ${pid}: ${commandOf(pid)}`),
      ...names(this.cgroup)
        .filter((name) => !/^(cgroup|cpu|memory|io|pids|hugetlb|rdma|misc)\./.test(name))
        .map((name) => `cgroup ${name}`),
      ...mounts,
      ...names('/run/runwarden').filter((name) => !this.#before.has(name) && this.#isOwn(name)),
    ]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // An agent ends when it has seen that its job's worker has.
    const begun = Date.now()
    const events = join(this.cgroup, 'cgroup.events')
    await until(
      () => !readFileSync(events, 'utf8').includes('populated 1') || Date.now() - begun > 60_000,
    )
    await this.lab[Symbol.asyncDispose]()
    for (const name of names(this.cgroup))
      if (existsSync(join(this.cgroup, name, 'cgroup.procs'))) rmdirSync(join(this.cgroup, name))
    rmdirSync(this.cgroup)
    this.place[Symbol.dispose]()
  }
}

/** The action as a release has it, of this checkout, for this machine alone. */
function makeAction(folder: string): void {
  const into = join(folder, 'dist/action')
  mkdirSync(into, { recursive: true })
  const tree = `scripts/bundle-tree ${relative(checkout, join(into, 'agent'))} ${process.arch}`
  execFileSync(
    'flock',
    [join(checkout, 'build/checkout.lock'), 'sh', '-c', `scripts/bootstrap && ${tree}`],
    { cwd: checkout, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  cpSync(join(checkout, 'build/action'), into, { recursive: true })
  cpSync(join(checkout, 'action.yml'), join(folder, 'action.yml'))
  writeFileSync(join(into, 'package.json'), '{ "type": "module" }\n')
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return 'ended'
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
