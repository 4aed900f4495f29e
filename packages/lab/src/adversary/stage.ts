import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
  readFileSync,
  readdirSync,
  rmdirSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasSaid } from '../has-said.ts'
import { resolvers } from '../dns/dnsmasq.ts'
import { startLab, type Lab } from '../lab.ts'
import type { Attacker } from './case.ts'
import { inside, runInHostScope } from './host-scope.ts'
import type { Loot } from './proof.ts'
import { policy as attackedPolicy, records, resolver, servers, tools } from './world.ts'

const checkout = fileURLToPath(new URL('../../../..', import.meta.url))

/** The account that jobs run as: of nothing else's on this machine. */
export const account = { name: 'job', id: 4242 } as const

/** Files of /etc that jobs may write to. */
const ownFiles: Record<string, string> = {
  passwd: `${readFileSync('/etc/passwd', 'utf8')}${account.name}:x:${account.id}:${account.id}::/nowhere:/bin/bash\n`,
  group: `${readFileSync('/etc/group', 'utf8')}${account.name}:x:${account.id}:\n`,
  hosts: '127.0.0.1 localhost\n::1 localhost\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n',
}

/** The lab that the attempts are made in, with the account, the programs and the servers that they need. */
export class Stage implements AsyncDisposable {
  readonly lab: Lab
  /** Everybody can read it; `work` below it is where jobs are written. */
  readonly folder: string
  /** Whether the whole machine is the scope of the runs to come (see host-scope.ts). */
  host = false
  readonly #policy: string
  #stack = new AsyncDisposableStack()
  readonly #said: string[] = []

  private constructor(lab: Lab, folder: string, policy: string) {
    this.lab = lab
    this.folder = folder
    this.#policy = policy
  }

  /**
   * @param options `policy` of the jobs; `packets`: whether those on the wire are recorded (default true); `cgroup` that
   * the runner is made in
   */
  static async open(
    options: { policy?: string; packets?: boolean; cgroup?: string } = {},
  ): Promise<Stage> {
    await using stack = new AsyncDisposableStack()
    const folder = mkdtempSync(join(tmpdir(), 'rw-adversary-'))
    stack.defer(() => rmSync(folder, { recursive: true, force: true }))
    chownSync(folder, 0, account.id)
    chmodSync(folder, 0o750)
    const lab = stack.use(
      await startLab({
        servers,
        records,
        nameservers: [resolver],
        packets: options.packets ?? true,
        ...(options.cgroup === undefined ? {} : { cgroup: options.cgroup }),
      }),
    )
    chmodSync(lab.folder, 0o755)
    const stage = new Stage(lab, folder, options.policy ?? attackedPolicy)
    compile(folder)
    await stage.#furnish()
    await stage.atInternet([
      '/usr/bin/python3',
      `${tools}/resolver.py`,
      resolver,
      resolvers.runner4,
    ])
    stage.#stack = stack.move()
    return stage
  }

  /** Starts a server at the internet's end; resolves when it has said so on its standard error. */
  async atInternet(
    command: readonly string[],
    env: Record<string, string> = {},
    said = 'ready',
  ): Promise<ChildProcess> {
    const enter = [
      `--net=/proc/${this.lab.internet.pid}/ns/net`,
      '--',
      'setpriv',
      '--pdeathsig',
      'KILL',
      '--',
    ]
    const child = spawn('nsenter', [...enter, ...command], {
      env: { ...this.lab.runner.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      this.#said.push(...lines)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#said.push(text))
    await hasSaid(child, said)
    return child
  }

  /** Starts a program on the runner that is no part of the job. */
  async beside(script: string, as: Attacker, env: Record<string, string>): Promise<ChildProcess> {
    const become =
      as === 'root'
        ? []
        : ['setpriv', `--reuid=${account.id}`, `--regid=${account.id}`, '--clear-groups']
    const child = this.lab.runner.spawn(
      become[0] ?? 'bash',
      [...become.slice(1), ...(become.length > 0 ? ['bash'] : []), '-c', script],
      {
        env,
        cwd: this.folder,
        // Where the whole machine is the scope, nobody on it is outside.
        ...(this.host ? { cgroup: inside } : {}),
      },
    )
    await hasSaid(child, 'ready')
    return child
  }

  /** A folder for one job. */
  work(name: string): string {
    const folder = join(this.folder, name)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    return folder
  }

  /** Runs a job's script as this attacker: under the policy, or as it would be without Runwarden. */
  async run(
    script: string,
    as: Attacker,
    out: string | null,
  ): Promise<{ status: number | null; stderr: string }> {
    const command = ['bash', script]
    this.#renew()
    const user = as === 'user' ? ['--user', account.name] : []
    const bare =
      as === 'user'
        ? ['setpriv', `--reuid=${account.id}`, `--regid=${account.id}`, '--clear-groups']
        : []
    const runwarden = join(checkout, 'packages/cli/bin/runwarden')
    if (this.host && out !== null)
      return runInHostScope(this.lab, {
        runwarden,
        policy: `${this.folder}/policy.yml`,
        workspace: `${this.folder}/home`,
        out,
        command: [...bare, ...command],
      })
    const guarded = [
      'run',
      '--policy',
      `${this.folder}/policy.yml`,
      ...user,
      '--workspace',
      `${this.folder}/home`,
      '--quiet',
      '--out',
      out ?? '',
      '--',
    ]
    const [file = '', ...args] =
      out === null ? [...bare, ...command] : [runwarden, ...guarded, ...command]
    return this.lab.runner.exec(file, args, { cwd: this.folder, timeout: 900_000 })
  }

  /** A certificate of the lab's authority for servers that the lab has not itself; paths of PEM files. */
  async certificate(names: readonly string[]): Promise<{ cert: string; key: string }> {
    const [cert, key] = [join(this.folder, 'site.pem'), join(this.folder, 'site.key')]
    const issued = await this.lab.issue(names)
    writeFileSync(cert, issued.cert)
    writeFileSync(key, issued.key)
    return { cert, key }
  }

  async loot(): Promise<Loot> {
    const records = await this.lab.internet.records()
    const packets = await this.lab.internet.packets()
    return { records, packets, queries: await this.lab.dns.queries(), said: [...this.#said] }
  }

  async clear(): Promise<void> {
    await this.lab.internet.clear()
    this.#said.length = 0
  }

  /** Files of the machine that jobs may write to become the lab's own; everybody may ping. */
  async #furnish(): Promise<void> {
    mkdirSync(join(this.folder, 'etc'))
    mkdirSync(join(this.folder, 'home'))
    chownSync(join(this.folder, 'home'), account.id, account.id)
    this.#renew()
    const lines = [
      ...Object.keys(ownFiles)
        .filter((name) => existsSync(`/etc/${name}`))
        .map((name) => `mount --bind '${this.folder}/etc/${name}' /etc/${name}`),
      // Other runs of this machine would clean up what these leave.
      'mount -t tmpfs none /run',
      "echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range",
    ]
    const { status, stderr } = await this.lab.runner.exec('sh', ['-ec', lines.join('\n')])
    if (status !== 0) throw new Error(`the runner can't be furnished: ${stderr}`)
  }

  /** As they were: root in an earlier job may have written to them. */
  #renew(): void {
    for (const [name, content] of Object.entries(ownFiles))
      writeFileSync(join(this.folder, 'etc', name), content)
    writeFileSync(join(this.folder, 'policy.yml'), this.#policy)
    writeFileSync(join(this.lab.folder, 'resolv.conf'), `nameserver ${resolver}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
    removeCgroups()
  }
}

/**
 * Compiles the programs of the attempts, and puts Python's module beside them: the account may not be able to
 * reach the checkout. Two of them are root's for everybody of the account's group.
 */
function compile(folder: string): void {
  cpSync(`${tools}/adv.py`, join(folder, 'adv.py'))
  // Once, not by each attempt.
  execFileSync('/usr/bin/python3', ['-m', 'py_compile', join(folder, 'adv.py')])
  const sources = {
    act: join(checkout, 'packages/agent/test/enforce/acts/act.c'),
    uring: `${tools}/uring.c`,
    root: `${tools}/root.c`,
  }
  for (const [name, source] of Object.entries(sources))
    execFileSync('gcc', ['-O2', '-static', '-o', join(folder, name), source])
  const multiarch = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim()
  const include = `/usr/include/${multiarch}`
  const detour = ['-c', `${tools}/detour.bpf.c`, '-o', join(folder, 'detour.o')]
  execFileSync('clang', ['-O2', '-g', '-target', 'bpf', '-I', include, ...detour])
  cpSync(join(folder, 'act'), join(folder, 'act-root'))
  for (const name of ['act-root', 'root']) chmodSync(join(folder, name), 0o4755)
}

/** Those that root in a job moved itself to. */
function removeCgroups(): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const [, top = ''] =
    mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2') ?? []
  for (const name of readdirSync(top)) {
    const path = join(top, name)
    if (
      /^zq\.\d+$/.test(name) &&
      !readFileSync(join(path, 'cgroup.events'), 'utf8').includes('populated 1')
    )
      rmdirSync(path)
  }
}
