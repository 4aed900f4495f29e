import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BpfMap, openObject, RingReader } from '@runwarden/libbpf'
import {
  compile,
  type CompiledPolicy,
  formatAddress,
  parseAllowedEndpoints,
  parseBlockList,
  policyOf,
} from '@runwarden/policy'
import { type ConnectFields, decodeConnect } from '@runwarden/sensor/connect'
import { type Enforcer, openEnforcer } from '../../src/enforce/enforcer.ts'
import type { EnforcerOptions } from '../../src/enforce/enforcer-options.ts'
import { Acts } from './acts.ts'
import { Net, Talker } from './net.ts'

const run = promisify(execFile)
const objectDir = join(import.meta.dirname, '../../../../bpf/build', process.arch)
const RECORD_CONNECT = 6

function cgroupRoot(): string {
  const mount = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find((line) => line.split(' ')[2] === 'cgroup2')
  const root = mount?.split(' ')[1]
  if (root === undefined) throw new Error('no cgroup v2 hierarchy is mounted')
  return root
}

const isWildcard = (value: string): boolean => value.includes('*')
const isAddress = (value: string): boolean => /^[\d./]+$|:/.test(value)

/** A policy as `--allow` and `--block-list` give it; `blocked` are addresses, names and wildcards. */
export function policy(
  egress: 'audit' | 'block',
  allow = '',
  blocked: string[] = [],
): CompiledPolicy {
  const listed = (fits: (value: string) => boolean) =>
    blocked.filter(fits).map((value) => ({ value, reason: 'test' }))
  const list = JSON.stringify({
    domains: listed((value) => !isWildcard(value) && !isAddress(value)),
    wildcards: listed(isWildcard),
    addresses: listed(isAddress),
  })
  const endpoints = parseAllowedEndpoints(allow, '--allow')
  return compile(policyOf(endpoints, { egress }), parseBlockList(list, 'block.json'))
}

export type Sighting = ConnectFields & { tgid: number }

/** Two namespaces, a wire record, answering peers, and the rings of a sensor. */
export class Rig implements AsyncDisposable {
  readonly net: Net
  readonly acts = new Acts()
  readonly records: Sighting[] = []
  /** Told of each record as it comes, as the agent is. */
  onRecord: (record: Sighting) => void = () => {}
  readonly #rings: ReturnType<typeof openObject>
  readonly #reader: RingReader
  readonly #talkers: Talker[] = []
  readonly #cgroups: string[] = []
  #wire: Talker | undefined

  constructor() {
    this.net = new Net()
    this.#rings = openObject(join(objectDir, 'enforce.bpf.o'), {})
    this.#rings.load()
    this.#reader = new RingReader({
      maps: [this.#rings.map('urgent'), this.#rings.map('bulk')],
      bufferBytes: 1 << 20,
      wake: false,
      onBatch: (buffer, bytes) => this.#onBatch(buffer, bytes),
    })
  }

  get maps(): EnforcerOptions['reuse'] {
    return {
      urgent: this.#rings.map('urgent'),
      bulk: this.#rings.map('bulk'),
      lost: this.#rings.map('lost'),
    }
  }

  get lost(): BpfMap {
    return this.#rings.map('lost')
  }

  #onBatch(buffer: Buffer, bytes: number): void {
    for (let at = 0; at < bytes;) {
      const length = buffer.readUInt32LE(at)
      if (buffer.readUInt16LE(at + 8) === RECORD_CONNECT) {
        const record = {
          ...decodeConnect(buffer, at + 8),
          tgid: buffer.readUInt32LE(at + 8 + 24),
        }
        this.records.push(record)
        this.onRecord(record)
      }
      at += 8 + Math.ceil(length / 8) * 8
    }
  }

  drain(): void {
    this.#reader.drain()
  }

  /** What was told since the last call, a line each, in order. */
  told(): string[] {
    this.drain()
    return this.records.splice(0).map((record) => line(record))
  }

  /** A cgroup of its own, below the root of the hierarchy. */
  scope(): string {
    const path = mkdtempSync(join(cgroupRoot(), 'rw-enforce-'))
    this.#cgroups.push(path)
    return path
  }

  enforce(
    compiled: CompiledPolicy,
    options: Partial<EnforcerOptions> = {},
  ): { enforcer: Enforcer; scope: string } {
    const scope = options.scopeCgroup ?? this.scope()
    const enforcer = openEnforcer({
      scopeCgroup: scope,
      reuse: this.maps,
      compiled,
      proxy: { port4: null, port6: null },
      ...options,
    })
    return { enforcer, scope }
  }

  command(scope: string | null, ...args: string[]): [string, ...string[]] {
    const inside = this.net.inside(this.net.near, [this.acts.path('act'), ...args])
    return scope === null
      ? inside
      : ['sh', '-c', `echo $$ > ${scope}/cgroup.procs; exec "$@"`, 'sh', ...inside]
  }

  /** Does one act inside a scope (or outside of any), and returns its outcome. */
  async act(scope: string | null, ...args: string[]): Promise<string> {
    const [file, ...rest] = this.command(scope, ...args)
    const { stdout } = await run(file, rest)
    return stdout.trim()
  }

  /** The same, with a command such as setpriv in front. */
  async actBehind(front: readonly string[], scope: string, ...args: string[]): Promise<string> {
    const [file, ...rest] = this.command(scope, ...args)
    const at = rest.indexOf('sh') + 1
    const { stdout } = await run(file, rest.toSpliced(at, 0, ...front))
    return stdout.trim()
  }

  /** Starts an act on the far side. */
  fromFar(...args: string[]): Talker {
    const talker = new Talker(this.net.inside(this.net.far, [this.acts.path('act'), ...args]))
    this.#talkers.push(talker)
    return talker
  }

  async talker(command: [string, ...string[]]): Promise<Talker> {
    const talker = await Talker.open(command)
    this.#talkers.push(talker)
    return talker
  }

  /** Answers with what was sent, on every address of the far side. */
  echo(...ports: number[]): Promise<Talker> {
    return this.talker(
      this.net.inside(this.net.far, [this.acts.path('peer'), 'echo', ...ports.map(String)]),
    )
  }

  /** The same, and tells what has come. */
  tell(...ports: number[]): Promise<Talker> {
    return this.talker(
      this.net.inside(this.net.far, [this.acts.path('peer'), 'tell', ...ports.map(String)]),
    )
  }

  /** Says `text` to whoever asks on the near side: stands in for the DNS proxy. */
  proxy(text: string, port: number): Promise<Talker> {
    return this.talker(
      this.net.inside(this.net.near, [this.acts.path('peer'), 'say', text, `${port}`]),
    )
  }

  async record(): Promise<void> {
    this.#wire = await this.talker(this.net.inside(this.net.far, [this.acts.path('wire'), 'far']))
  }

  /**
   * What has arrived on the far side since the last call: `PROTOCOL ADDRESS PORT`, in order. A
   * datagram from outside of every scope marks the end, so nothing is waited for in vain.
   */
  async arrived(): Promise<string[]> {
    const packets: string[] = []
    await this.act(null, 'udp-sendto', '203.0.113.9', '9')
    for (;;) {
      const packet = await this.#wire?.line()
      if (packet === undefined || packet === null) throw new Error('the wire record ended')
      if (packet === '17 203.0.113.9 9') return packets
      packets.push(packet)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const talker of this.#talkers) await talker[Symbol.asyncDispose]()
    this.#reader.close()
    this.#rings.close()
    this.acts[Symbol.dispose]()
    this.net[Symbol.dispose]()
    for (const path of this.#cgroups) await remove(path)
  }
}

/** A process that has just ended may hold its cgroup for an instant. */
async function remove(path: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      rmdirSync(path)
      return
    } catch (error) {
      if (tries === 100) throw error
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** One record as text: `VERDICT REASON VIA PROTOCOL ADDRESS PORT`. */
export function line(
  record: Pick<ConnectFields, 'verdict' | 'reason' | 'via' | 'protocol' | 'address' | 'port'>,
): string {
  return `${record.verdict} ${record.reason} ${record.via} ${record.protocol} ${formatAddress(record.address)} ${record.port}`
}
