import type { Event, EventOf, RunFacts } from '@runwarden/events'

type Kind = Event['kind']
type Given<K extends Kind> = Partial<Omit<EventOf<K>, 'kind'>>

export const began = Date.UTC(2026, 2, 3, 9, 30)

/** Process identity of the tests: the pid is also the start time. */
export function id(pid: number): string {
  return `${pid}-${pid}000000-0badcafe`
}

/** Writes events as the agent would, ten milliseconds apart. */
export class Script {
  readonly events: Event[] = []
  readonly step: string

  constructor(step = 'npm') {
    this.step = step
  }

  exec(pid: number, parent: number, argv: string[], more: Given<'process.exec'> = {}): this {
    return this.#push('process.exec', {
      ...this.#base(pid),
      pid,
      parentExecId: parent === 0 ? null : id(parent),
      parentPid: parent,
      uid: 1000,
      exe: argv[0]?.startsWith('/') ? argv[0] : `/usr/bin/${argv[0]}`,
      argv,
      argvTruncated: false,
      cwd: '/home/runner/work/shop',
      inode: '1',
      device: '8:1',
      memfd: false,
      deleted: false,
      ...more,
    })
  }

  program(pid: number, path: string, more: Given<'process.program'> = {}): this {
    return this.#push('process.program', {
      ...this.#base(pid),
      path,
      inode: '1',
      device: '8:1',
      size: 5,
      sha256: 'a'.repeat(64),
      unread: '',
      ...more,
    })
  }

  exit(pid: number, code: number | null = 0, signal: number | null = null): this {
    return this.#push('process.exit', { ...this.#base(pid), pid, code, signal })
  }

  dns(pid: number, name: string, more: Given<'dns.query'> = {}): this {
    return this.#push('dns.query', {
      ...this.#base(pid),
      name,
      type: 'A',
      server: '192.0.2.53',
      serverPort: 53,
      protocol: 'udp',
      verdict: 'allowed',
      reason: 'the policy allows it',
      rule: 'policy.yml:4 registry.example.org:443',
      rcode: 'NOERROR',
      addresses: [],
      cnames: [],
      ...more,
    })
  }

  connect(
    pid: number,
    host: string | null,
    address: string,
    more: Given<'net.connect'> = {},
  ): this {
    return this.#push('net.connect', {
      ...this.#base(pid),
      host,
      address,
      port: 443,
      protocol: 'tcp',
      via: 'connect',
      count: 1,
      verdict: 'allowed',
      reason: 'the policy allows it',
      rule: 'policy.yml:4 registry.example.org:443',
      ...more,
    })
  }

  flow(
    pid: number,
    host: string | null,
    address: string,
    bytesOut: number,
    more: Given<'net.flow'> = {},
  ): this {
    return this.#push('net.flow', {
      ...this.#base(pid),
      host,
      address,
      port: 443,
      protocol: 'tcp',
      bytesOut,
      packetsOut: Math.ceil(bytesOut / 1400),
      verdict: 'allowed',
      reason: 'the policy allows it',
      rule: null,
      ...more,
    })
  }

  http(
    pid: number,
    method: string,
    host: string,
    path: string,
    more: Given<'http.request'> = {},
  ): this {
    return this.#push('http.request', {
      ...this.#base(pid),
      method,
      scheme: 'https',
      host,
      path,
      version: '1.1',
      library: 'openssl',
      authorization: null,
      truth: 'user',
      verdict: 'allowed',
      reason: 'the policy allows it',
      rule: null,
      ...more,
    })
  }

  /** Of the last request. */
  response(
    status: number | null,
    requestBytes = 0,
    responseBytes = 0,
    mutations: string[] | null = null,
  ): this {
    const request = this.events.findLast((event) => event.kind === 'http.request')
    return this.#push('http.response', {
      execId: request?.execId ?? null,
      request: request?.seq ?? 0,
      status,
      requestBytes,
      responseBytes,
      mutations,
    })
  }

  opaque(pid: number, host: string | null, more: Given<'http.opaque'> = {}): this {
    return this.#push('http.opaque', {
      ...this.#base(pid),
      library: null,
      reason: 'no-library',
      host,
      connections: 1,
      bytesSent: 1000,
      bytesReceived: 0,
      ...more,
    })
  }

  file(
    pid: number,
    kind: 'write' | 'create' | 'delete' | 'read',
    path: string,
    more: Given<'file.write'> = {},
  ): this {
    return this.#push(`file.${kind}`, { ...this.#base(pid), ...file(path), ...more })
  }

  rename(pid: number, path: string, to: string, more: Given<'file.rename'> = {}): this {
    return this.#push('file.rename', {
      ...this.#base(pid),
      ...file(path),
      to,
      link: 'rename',
      ...more,
    })
  }

  sandbox(
    pid: number,
    change: EventOf<'sandbox.change'>['change'],
    detail: string,
    errno = 0,
  ): this {
    return this.#push('sandbox.change', {
      ...this.#base(pid),
      change,
      detail,
      truth: 'kernel',
      errno,
      targetPid: null,
    })
  }

  detect(
    pid: number | null,
    given: Omit<Given<'detection'>, 'evidence'> & { ofLast?: number },
  ): this {
    const { ofLast = 1, ...more } = given
    const last = this.events.length
    return this.#push('detection', {
      ...this.#base(pid),
      id: 'domain-blocked',
      severity: 'high',
      title: 'A destination outside of the policy was blocked',
      text: 'Look at the process that asked for it.',
      evidence: Array.from({ length: ofLast }, (_, index) => last - ofLast + 1 + index),
      ...more,
    })
  }

  /** How many times `write` is told, one per round. */
  repeat(times: number, write: (script: this, index: number) => void): this {
    for (let index = 0; index < times; index += 1) write(this, index)
    return this
  }

  #base(pid: number | null): { execId: string | null } {
    return { execId: pid === null ? null : id(pid) }
  }

  #push<K extends Kind>(
    kind: K,
    fields: Omit<EventOf<K>, 'kind' | 'seq' | 'time' | 'scope' | 'step'> & { step?: string | null },
  ): this {
    const seq = this.events.length + 1
    const event = { seq, time: began + seq * 10, scope: 'run-7', step: this.step, ...fields, kind }
    this.events.push(event as unknown as EventOf<K>)
    return this
  }
}

function file(
  path: string,
): Pick<EventOf<'file.write'>, 'path' | 'truth' | 'workspace' | 'sensitive' | 'errno'> {
  return {
    path,
    truth: 'kernel',
    workspace: path.startsWith('/home/runner/work/shop/'),
    sensitive: null,
    errno: 0,
  }
}

export function facts(more: Partial<RunFacts> = {}): RunFacts {
  return {
    version: '0.1.0',
    scope: 'run-7',
    command: ['npm', 'ci'],
    step: 'npm',
    egress: 'block',
    protection: 'armed',
    policyFile: 'policy.yml',
    startTime: began,
    endTime: began + 12_400,
    kernel: '6.18.5',
    exitStatus: 0,
    leftOver: [],
    workspace: '/home/runner/work/shop',
    github: { repository: null, apiUrl: null, serverUrl: null, granted: null },
    health: {
      tier: 'T0',
      armedMs: 284,
      hooks: [
        { name: 'cgroup/connect4', tier: 'T0', state: 'active', reason: '' },
        { name: 'cgroup/connect6', tier: 'T0', state: 'active', reason: '' },
        { name: 'cgroup_skb/egress', tier: 'T0', state: 'active', reason: '' },
        { name: 'tp_btf/sched_process_exec', tier: 'T0', state: 'active', reason: '' },
      ],
      eventsLost: {},
      gaps: [],
    },
    ...more,
  }
}
